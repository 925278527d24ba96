import type { Balancer } from '../balance/balancer.js';
import { HoistRequest, Suspension } from '../balance/suspension.js';
import { CycleClock } from './cycle-clock.js';
import { createJointCommand, createRobotState, type Hardware, type JointCommand, type RobotState } from './hardware.js';
import type { JointController } from './joint-controller.js';
import { monotonicSeconds } from './monotonic-clock.js';
import type { SharedState } from './shared-state.js';
import { isSimulated, type SimulatedHardware } from './simulated-hardware.js';
import { StopMode } from './stop-state.js';

/** After a request to shut down, the robot has this long to come to rest, s, … */
const STOP_TIME = 0.5;
/** … and this long in damping before the drives are disabled, s. */
const DAMPING_TIME = 0.05;

/**
 * The 1 kHz loop: read → update → write → sleep until the next absolute time. Blocks its thread until it is asked to
 * shut down; allocates nothing once it runs.
 */
export class ControlLoop {
  readonly #hardware: Hardware;
  readonly #controller: JointController;
  readonly #shared: SharedState;
  readonly #period: number;
  readonly #balancer: Balancer | undefined;
  readonly #suspension: Suspension | undefined;
  readonly #state: RobotState;
  readonly #command: JointCommand;
  readonly #truth: Float64Array;
  readonly #simulation: SimulatedHardware | undefined;
  readonly #watched: boolean;
  readonly #sleep = new Int32Array(new SharedArrayBuffer(4));
  /** Of the last cycle: its scheduled time, and the simulation's, s. */
  #lastTime = Number.NaN;
  #lastSimulated = Number.NaN;
  #shutdownAt: number | undefined;
  #dampingAt: number | undefined;

  /**
   * @param hardware configured, not yet active
   * @param period s
   * @param balancer keeps the robot on its feet; left out where something else holds it up
   */
  constructor(
    hardware: Hardware,
    controller: JointController,
    shared: SharedState,
    period = 0.001,
    balancer?: Balancer,
  ) {
    this.#hardware = hardware;
    this.#controller = controller;
    this.#shared = shared;
    this.#period = period;
    this.#balancer = balancer;
    const { hoist } = hardware;
    if (hoist !== undefined && balancer !== undefined) this.#suspension = new Suspension(hoist, balancer.mass);
    this.#state = createRobotState(shared.layout.joints);
    this.#command = createJointCommand(shared.layout.joints);
    this.#truth = new Float64Array(shared.layout.groundTruthSize);
    this.#simulation = isSimulated(hardware) ? hardware : undefined;
    this.#watched = hardware.standsStill !== true;
  }

  /**
   * Activates the hardware and runs until shutdown is requested.
   * @throws whatever hardware or controller throw, after the drives were put into damping and disabled
   */
  run(): void {
    try {
      this.#hardware.activate(this.#state);
      this.#state.time = monotonicSeconds();
      this.#controller.start(this.#state);
      this.#balancer?.start(this.#state);
      this.#suspension?.start();
      this.#loop();
    } catch (error) {
      this.#damp();
      try {
        this.#hardware.deactivate();
      } catch {
        // The first failure is the one to report.
      }
      throw error;
    }
    this.#damp();
    this.#hardware.deactivate();
  }

  #loop(): void {
    const clock = new CycleClock(this.#period, monotonicSeconds() + this.#period);
    const statistics = this.#shared.statistics;
    let running = true;
    while (running) {
      const wait = clock.deadline - monotonicSeconds();
      if (wait > 0) Atomics.wait(this.#sleep, 0, 0, wait * 1e3);
      const begin = monotonicSeconds();
      const late = begin - clock.deadline;
      this.#cycle(clock.deadline, begin);
      const end = monotonicSeconds();
      statistics.record(late, end - begin, clock.advance(end), this.#simulation?.realTimeFactor ?? 1);
      if (this.#shared.shutdownRequested) running = this.#shutDown(end);
    }
  }

  /** Stop, then damping, then the end. @returns whether the loop goes on */
  #shutDown(now: number): boolean {
    const controller = this.#controller;
    if (this.#shutdownAt === undefined) this.#shutdownAt = now;
    controller.shutDown();
    if (this.#dampingAt === undefined && (this.#atRest() || now > this.#shutdownAt + STOP_TIME)) {
      this.#dampingAt = now;
      controller.demandStop(StopMode.damping);
    }
    return this.#dampingAt === undefined || now < this.#dampingAt + DAMPING_TIME;
  }

  /** @param time the scheduled time, which the controller keeps to @param now when the cycle really began */
  #cycle(time: number, now: number): void {
    this.#hardware.read(this.#state);
    this.#state.time = now;
    if (this.#simulation?.placedAnew === true) this.#startAnew();
    this.#shared.takeRequests(this.#controller);
    const passed = this.#passed(time);
    this.#shared.cycles.write(this.#state, passed);
    this.#controller.update(time, this.#state, this.#command, passed, this.#watched);
    this.#suspend(time, passed);
    this.#balancer?.update(time, passed, this.#state, this.#command, this.#controller, this.#suspension?.share);
    this.#hardware.write(this.#command);
    this.#simulation?.copyGroundTruth(this.#truth);
    this.#shared.publish(this.#state, this.#command, this.#controller, this.#truth);
    if (this.#balancer !== undefined) this.#shared.publishBalance(this.#balancer.status);
    if (this.#suspension !== undefined) this.#shared.publishSuspension(this.#suspension);
  }

  /** Moves the hoist; a robot that is stopped stays where it hangs. */
  #suspend(time: number, passed: number): void {
    const suspension = this.#suspension;
    if (suspension === undefined) return;
    this.#shared.takeHoistRequest(suspension, time);
    if (this.#controller.stop.mode !== StopMode.running) suspension.ask(HoistRequest.hold, time);
    suspension.update(time, this.#state, passed);
  }

  /** The robot is somewhere else: nothing from before holds but a stop, which stays latched. */
  #startAnew(): void {
    this.#controller.start(this.#state);
    this.#balancer?.start(this.#state);
    this.#suspension?.start();
    this.#shared.cycles.restart();
    this.#lastSimulated = Number.NaN;
  }

  /** Time that passed for the robot since the last cycle, s. */
  #passed(time: number): number {
    let passed = time - this.#lastTime;
    this.#lastTime = time;
    if (this.#simulation !== undefined) {
      // The ground truth is that after the last cycle: its step is this cycle's past.
      passed = this.#truth[0] - this.#lastSimulated;
      this.#lastSimulated = this.#truth[0];
    } else if (!this.#watched) {
      passed = this.#period;
    }
    return passed > 0 ? passed : this.#period;
  }

  #atRest(): boolean {
    const { velocity } = this.#command;
    for (let j = 0; j < velocity.length; j++) if (Math.abs(velocity[j]) > 1e-6) return false;
    return true;
  }

  /** A last command of damping, whatever has happened. */
  #damp(): void {
    const { position, velocity, kp, effort } = this.#command;
    position.set(this.#state.position);
    for (const vector of [velocity, kp, effort]) vector.fill(0);
    try {
      this.#hardware.write(this.#command);
    } catch {
      // The hardware is gone; disabling it is all that is left.
    }
  }
}
