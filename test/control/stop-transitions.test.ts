import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect } from 'chai';
import { createJointCommand, createRobotState } from '../../src/control/hardware.js';
import { CONTROLLER_DEFAULTS, JointController } from '../../src/control/joint-controller.js';
import { MockHardware } from '../../src/control/mock-hardware.js';
import { StopMode } from '../../src/control/stop-state.js';
import { TrajectoryBuffer } from '../../src/control/trajectory-buffer.js';
import { makeParameters } from './joint-parameters-fixture.js';

const JOINTS = 75;
const DT = 0.001;
const SETTLED = 0.5;

/** States of the loop, as docs/safety.md draws them. */
type State = 'waiting' | 'running' | 'slow' | 'hold' | 'crouch' | 'damping';

const CATEGORY = { 2: StopMode.hold, 1: StopMode.crouch, 0: StopMode.damping } as const;

class Loop {
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

describe('transitions of the loop (docs/safety.md)', () => {
  it('1 waiting → running', () => {
    const loop = Loop.in('waiting');
    loop.hear();
    loop.run(DT);
    expect(loop.state).to.equal('running');
  });

  it('2, 3 running → slow → running', () => {
    const loop = Loop.in('running');
    loop.controller.allowSpeed(0.5);
    loop.run(DT);
    expect(loop.state).to.equal('slow');
    loop.controller.allowSpeed(1);
    loop.run(DT);
    expect(loop.state).to.equal('running');
  });

  for (const from of ['waiting', 'running', 'slow'] as const) {
    it(`4 ${from} → hold`, () => {
      const loop = Loop.in(from);
      loop.demand(2);
      loop.run(DT);
      expect([loop.state, loop.stiffness]).to.deep.equal(['hold', 400]);
      loop.withdraw();
      loop.run(SETTLED);
      expect([loop.state, loop.speed]).to.deep.equal(['hold', 0]);
    });
  }

  for (const from of ['waiting', 'running', 'slow', 'hold'] as const) {
    it(`5, 6 ${from} → crouch → damping`, () => {
      const loop = Loop.in(from);
      loop.demand(1);
      loop.run(0.05);
      expect([loop.state, loop.stiffness, loop.controller.balancing]).to.deep.equal(['crouch', 400, true]);
      loop.withdraw();
      loop.run(SETTLED);
      expect([loop.state, loop.stiffness, loop.controller.balancing]).to.deep.equal(['damping', 0, false]);
    });
  }

  for (const from of ['waiting', 'running', 'slow', 'hold', 'crouch'] as const) {
    it(`7 ${from} → damping`, () => {
      const loop = Loop.in(from);
      loop.demand(0);
      loop.run(DT);
      expect([loop.state, loop.stiffness]).to.deep.equal(['damping', 0]);
    });
  }

  for (const [number, from] of [
    [8, 'hold'],
    [9, 'crouch'],
    [10, 'damping'],
  ] as const) {
    it(`${number} ${from} → running`, () => {
      const loop = Loop.in(from);
      loop.run(0.05);
      loop.withdraw();
      loop.run(DT);
      expect(loop.state, 'latched').to.equal(from);
      loop.controller.requestReset();
      loop.run(DT);
      expect([loop.state, loop.stiffness]).to.deep.equal(['running', 400]);
      loop.run(SETTLED);
      expect(loop.speed).to.equal(0);
    });
  }

  for (const from of ['hold', 'crouch', 'damping'] as const) {
    it(`11 ${from} → ${from}: no reset while the cause is present`, () => {
      const loop = Loop.in(from);
      loop.controller.requestReset();
      loop.run(DT);
      expect(loop.state).to.equal(from);
      expect(loop.controller.resetRefusal).not.to.equal(0);
    });
  }

  it('no transition leads down without a reset', () => {
    for (const from of ['crouch', 'damping'] as const) {
      const loop = Loop.in(from);
      loop.demand(2);
      loop.run(0.05);
      expect(loop.state).to.equal(from);
    }
  });

  it('stopping and resetting allocate no objects', () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const loop = Loop.in('running');
    const cycle = () => {
      for (const category of [2, 1, 0] as const) {
        loop.demand(category);
        loop.run(0.5);
        loop.withdraw();
        loop.controller.requestReset();
        loop.run(0.1);
      }
    };
    for (let k = 0; k < 10; k++) cycle();
    // The least of some trials: what else lives in this process allocates too.
    let least = Infinity;
    for (let trial = 0; trial < 5; trial++) {
      collect();
      const before = process.memoryUsage().heapUsed;
      for (let k = 0; k < 5; k++) cycle();
      least = Math.min(least, (process.memoryUsage().heapUsed - before) / 9_000);
    }
    // Bytes a cycle. What is left are numbers that the engine boxes to hand them on; one array more would be seen.
    expect(least).to.be.below(80);
  });
});
