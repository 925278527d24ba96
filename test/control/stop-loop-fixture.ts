import { expect } from 'chai';
import { createJointCommand, createRobotState } from '../../src/control/hardware.js';
import { CONTROLLER_DEFAULTS, JointController } from '../../src/control/joint-controller.js';
import { MockHardware } from '../../src/control/mock-hardware.js';
import { StopMode } from '../../src/control/stop-state.js';
import { TrajectoryBuffer } from '../../src/control/trajectory-buffer.js';
import { makeParameters } from './joint-parameters-fixture.js';

const JOINTS = 75;
/** s */
export const DT = 0.001;

/** States of the loop, as docs/safety.md draws them. */
export type State = 'waiting' | 'running' | 'slow' | 'hold' | 'crouch' | 'damping';

const CATEGORY = { 2: StopMode.hold, 1: StopMode.crouch, 0: StopMode.damping } as const;

/** The joint controller on a mock robot, in lock step. */
export class Loop {
  readonly #hardware = new MockHardware(makeParameters(JOINTS));
  readonly #command = createJointCommand(JOINTS);
  readonly #state = createRobotState(JOINTS);
  readonly controller: JointController;
  #cycle = 0;
  #heard = false;

  constructor() {
    const posture = new Float64Array(JOINTS).fill(0.2);
    this.controller = new JointController(makeParameters(JOINTS), TrajectoryBuffer.allocate(JOINTS), {
      ...CONTROLLER_DEFAULTS,
      crouch: { posture, speed: 0.5, settle: 0.1 },
    });
    this.#hardware.activate(this.#state);
    this.controller.start(this.#state);
  }

  hear(): void {
    this.#heard = true;
  }

  run(seconds: number): void {
    for (let k = 0; k < Math.round(seconds / DT); k++) {
      if (this.#heard) this.controller.heartbeat();
      this.#hardware.read(this.#state);
      this.controller.update(this.#cycle * DT, this.#state, this.#command);
      this.#hardware.write(this.#command);
      this.#cycle++;
    }
  }

  /** Brings a fresh loop into `state`. */
  static in(state: State): Loop {
    const loop = new Loop();
    if (state !== 'waiting') loop.hear();
    loop.run(0.01);
    if (state === 'slow') loop.controller.allowSpeed(0.3);
    if (state === 'hold') loop.demand(2);
    if (state === 'crouch') loop.demand(1);
    if (state === 'damping') loop.demand(0);
    loop.run(0.01);
    expect(loop.state).to.equal(state);
    return loop;
  }

  demand(category: 0 | 1 | 2): void {
    this.controller.demandStop(CATEGORY[category]);
  }

  withdraw(): void {
    this.controller.demandStop(StopMode.running);
  }

  get state(): State {
    const { mode } = this.controller.stop;
    if (mode === StopMode.hold) return 'hold';
    if (mode === StopMode.crouch) return 'crouch';
    if (mode === StopMode.damping) return 'damping';
    if (this.controller.speedScale < 1) return 'slow';
    return this.#heard ? 'running' : 'waiting';
  }

  get stiffness(): number {
    return this.#command.kp[0];
  }

  get speed(): number {
    return Math.abs(this.#command.velocity[0]);
  }
}
