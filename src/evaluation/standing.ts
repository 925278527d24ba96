import type { Stabilizer } from '../balance/stabilizer.js';
import { createJointCommand, createRobotState, type JointCommand, type RobotState } from '../control/hardware.js';
import { CONTROLLER_DEFAULTS, JointController } from '../control/joint-controller.js';
import { createJointTrajectory, type JointTrajectory } from '../control/trajectory.js';
import { TrajectoryBuffer } from '../control/trajectory-buffer.js';
import { type BaseEstimate, createBaseEstimate } from '../estimation/base-estimate.js';
import { percentile } from '../math/percentile.js';
import type { Robot } from '../robot/robot.js';
import type { Scene } from '../sim/scene.js';
import { Simulation } from '../sim/simulation.js';

/** A push at the torso's centre of mass. */
export interface Push {
  /** s */
  readonly start: number;
  readonly duration: number;
  /** N */
  readonly force: number;
  /** rad about z, 0 forward, π/2 to the left. */
  readonly direction: number;
}

/** A named posture that is reached at a time, s; the robot starts in the first one and moves smoothly between two. */
export interface PostureAt {
  readonly time: number;
  readonly posture: string;
}

/** Where the stabiliser gets the motion of the base from. */
export interface BaseSource {
  reset(state: RobotState): void;
  update(state: RobotState, dt: number): void;
  readonly estimate: BaseEstimate;
}

export interface StandingOptions {
  /** s */
  readonly duration: number;
  readonly postures: readonly PostureAt[];
  /** Whether the arms swing meanwhile. */
  readonly armsMove: boolean;
  /** Age of the state that the controller sees, and delay of its command, cycles. */
  readonly stateDelay: number;
  readonly commandDelay: number;
  readonly pushes: readonly Push[];
  /** Called with each state that the controller is to see: adds noise. */
  readonly sense?: (state: RobotState) => void;
  /** Estimates the base; the simulation's truth where it is left out. */
  readonly source?: BaseSource;
  /** Called after each cycle. */
  readonly observe?: (sample: StandingSample) => void;
}

export const STANDING_DEFAULTS: StandingOptions = {
  duration: 3,
  postures: [{ time: 0, posture: 'stand' }],
  armsMove: true,
  stateDelay: 0,
  commandDelay: 0,
  pushes: [],
};

/** Truth after a cycle; views that the next cycle overwrites. */
export interface StandingSample {
  readonly time: number;
  /** Origin of base_link, world, m (3). */
  readonly pelvis: Float64Array;
  /** Centre of mass, world, m (3). */
  readonly com: Float64Array;
  readonly state: RobotState;
  readonly command: JointCommand;
  readonly simulation: Simulation;
}

export interface StandingResult {
  readonly stood: boolean;
  /** Time of the fall, or of the end, s. */
  readonly time: number;
  /** Peak to peak of the pelvis and of the centre of mass, x and y, after the settling time, m. */
  readonly pelvisSway: readonly [number, number];
  readonly comSway: readonly [number, number];
  /** Largest distance of a sole from its place at the start, m. */
  readonly slide: number;
  /** Largest torque of a leg's joint as a part of its limit. */
  readonly effort: number;
  /** Time of `Stabilizer.update`, median and 99th percentile of the cycles that solved, ms. */
  readonly solveTime: readonly [number, number];
  /** Mean time of `Stabilizer.update`, ms. */
  readonly meanTime: number;
  readonly fallbacks: number;
  readonly solves: number;
}

/** A pelvis or a torso this much lower than at the start has fallen, m; … */
const FALL_HEIGHT = 0.2;
/** … as has one that leans this much, rad. */
const FALL_TILT = 0.9;
/** A sole this near to the floor, m, counts as loaded where the truth is taken. */
const ON_FLOOR = 0.003;
/** Sway counts after this time, s. */
const SETTLING = 1;
/** Arms' swing: amplitude, rad, and period, s. */
const SWING = 0.35;
const SWING_PERIOD = 2.4;
const SWINGING = ['shoulder_pitch', 'elbow', 'shoulder_roll'] as const;

/**
 * The robot on its own feet without ROS, in lock step: controller → stabiliser → physics at 1 kHz.
 */
export class Standing {
  readonly simulation: Simulation;
  readonly #robot: Robot;
  readonly #stabilizer: Stabilizer;
  readonly #swing: readonly { readonly joint: number; readonly amplitude: number; readonly phase: number }[];

  /** @param scene what surrounds the robot; its posture and layout are not used */
  static async create(robot: Robot, stabilizer: Stabilizer, scene: Scene = EMPTY_SCENE): Promise<Standing> {
    return new Standing(robot, stabilizer, await Simulation.create(robot, scene, 'ground'));
  }

  private constructor(robot: Robot, stabilizer: Stabilizer, simulation: Simulation) {
    this.#robot = robot;
    this.#stabilizer = stabilizer;
    this.simulation = simulation;
    this.#swing = (['left', 'right'] as const).flatMap((side, s) =>
      SWINGING.map((name, k) => ({
        joint: robot.index(`${side}_${name}_joint`),
        amplitude: name === 'shoulder_roll' ? (side === 'left' ? 1 : -1) * 0.2 : SWING,
        phase: s * 0.9 + k * 0.7,
      })),
    );
  }

  run(given: Partial<StandingOptions> = {}): StandingResult {
    const options = { ...STANDING_DEFAULTS, ...given };
    const { simulation } = this;
    const robot = this.#robot;
    const joints = robot.names.length;
    const postures = options.postures.map(({ time, posture }) => ({ time, positions: robot.posture(posture) }));
    const buffer = TrajectoryBuffer.allocate(joints);
    const controller = new JointController(robot, buffer, {
      ...CONTROLLER_DEFAULTS,
      heartbeatTimeout: Number.POSITIVE_INFINITY,
    });
    const states = ring(options.stateDelay + 1, () => ({
      state: createRobotState(joints),
      estimate: createBaseEstimate(),
    }));
    const commands = ring(options.commandDelay + 1, () => createJointCommand(joints));
    const trajectory = createJointTrajectory(joints, 20);
    const truth = createRobotState(joints);
    const statistics = new Statistics(simulation);

    simulation.reset(undefined, postures[0].positions);
    const odom = new Odom(simulation);
    const torso = simulation.link('torso_link');
    const { state, estimate } = states[0];
    simulation.readState(state);
    odom.read(estimate);
    options.sense?.(state);
    options.source?.reset(state);
    controller.start(state);
    controller.update(0, state, commands[0]);
    this.#stabilizer.start();
    for (let i = 1; i < states.length; i++) {
      simulation.readState(states[i].state);
      odom.read(states[i].estimate);
    }
    for (let i = 1; i < commands.length; i++) copyCommand(commands[0], commands[i]);

    const cycles = Math.round(options.duration / Simulation.timeStep);
    for (let cycle = 0; cycle < cycles; cycle++) {
      const time = cycle * Simulation.timeStep;
      const seen = states[cycle % states.length];
      simulation.readState(seen.state);
      options.sense?.(seen.state);
      if (options.source === undefined) odom.read(seen.estimate);
      else {
        options.source.update(seen.state, Simulation.timeStep);
        copyEstimate(options.source.estimate, seen.estimate);
      }
      const late = states[(cycle + 1) % states.length];
      if (cycle % 10 === 0) {
        this.#plan(trajectory, postures, time, options.armsMove);
        buffer.write(trajectory);
      }
      const command = commands[cycle % commands.length];
      controller.update(time, late.state, command);
      const begin = performance.now();
      const fine = this.#stabilizer.update(time, late.state, late.estimate, command);
      statistics.timed(performance.now() - begin, this.#stabilizer.status.solves);
      if (!fine) throw new Error('the stabiliser refused a finite state');
      push(simulation, torso, options.pushes, time);
      simulation.step(commands[(cycle + 1) % commands.length]);
      simulation.readState(truth);
      statistics.update(time, truth, robot);
      options.observe?.({ time, pelvis: statistics.pelvis, com: statistics.com, state: truth, command, simulation });
      if (statistics.fallen) break;
    }
    return statistics.result(this.#stabilizer);
  }

  /** Releases the engine's memory. */
  delete(): void {
    this.simulation.delete();
  }

  /** 20 points of 10 ms: the postures, and the arms' swing, which grows from rest over two seconds by s²(3 − 2s). */
  #plan(out: JointTrajectory, postures: readonly Positions[], start: number, move: boolean): void {
    const { joints } = out;
    out.stamp = start;
    out.count = 20;
    const rate = (2 * Math.PI) / SWING_PERIOD;
    for (let k = 0; k < 20; k++) {
      const time = start + 0.01 * k;
      out.time[k] = time;
      interpolate(postures, time, out, k);
      if (!move) continue;
      const s = Math.min(1, time / 2);
      const grow = s * s * (3 - 2 * s);
      const growRate = 3 * s * (1 - s);
      for (const { joint, amplitude, phase } of this.#swing) {
        const angle = rate * time + phase;
        out.position[k * joints + joint] += amplitude * grow * Math.sin(angle);
        out.velocity[k * joints + joint] += amplitude * (growRate * Math.sin(angle) + grow * rate * Math.cos(angle));
      }
    }
  }
}

interface Positions {
  readonly time: number;
  readonly positions: Float64Array;
}

/** Row `row` of `out`: between two postures q = a + (b − a)(3s² − 2s³). */
function interpolate(postures: readonly Positions[], time: number, out: JointTrajectory, row: number): void {
  const next = postures.findIndex((posture) => posture.time > time);
  const from = postures[next < 0 ? postures.length - 1 : Math.max(0, next - 1)];
  const to = postures[next < 0 ? postures.length - 1 : next];
  const duration = to.time - from.time;
  const s = duration > 0 ? (time - from.time) / duration : 0;
  const rate = duration > 0 ? (6 * s * (1 - s)) / duration : 0;
  for (let j = 0; j < out.joints; j++) {
    const way = to.positions[j] - from.positions[j];
    out.position[row * out.joints + j] = from.positions[j] + way * s * s * (3 - 2 * s);
    out.velocity[row * out.joints + j] = way * rate;
  }
}

/** A floor and nothing else. */
export const EMPTY_SCENE: Scene = { robot: { posture: 'stand', pelvis_height: 0.92 }, bodies: {} };

/** Truth of the base in odom, which starts at the midpoint of the soles. */
export class Odom {
  readonly #simulation: Simulation;
  readonly #origin = new Float64Array(3);
  readonly #soles: readonly [number, number];
  readonly #sole = new Float64Array(3);
  readonly #qpos: Float64Array;
  readonly #qvel: Float64Array;

  /** The soles are where they are now, the robot heads along the world's x axis. */
  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#qpos = new Float64Array(simulation.model.nq);
    this.#qvel = new Float64Array(simulation.model.nv);
    this.#soles = [simulation.link('l_sole'), simulation.link('r_sole')];
    simulation.linkPosition(this.#soles[0], this.#origin);
    simulation.linkPosition(this.#soles[1], this.#sole);
    for (let k = 0; k < 2; k++) this.#origin[k] = (this.#origin[k] + this.#sole[k]) / 2;
    this.#origin[2] = 0;
  }

  read(estimate: BaseEstimate): void {
    this.#simulation.copyState(this.#qpos);
    this.#simulation.copyVelocity(this.#qvel);
    estimate.time = this.#simulation.time;
    for (let k = 0; k < 3; k++) {
      estimate.position[k] = this.#qpos[k] - this.#origin[k];
      estimate.orientation[k] = this.#qpos[4 + k];
      estimate.velocity[k] = this.#qvel[k];
      estimate.angularVelocity[k] = this.#qvel[3 + k];
    }
    estimate.orientation[3] = this.#qpos[3];
    for (let f = 0; f < 2; f++) {
      this.#simulation.linkPosition(this.#soles[f], this.#sole);
      estimate.contact[f] = this.#sole[2] < ON_FLOOR ? 1 : 0;
    }
  }
}

/** What a run is judged by. */
class Statistics {
  readonly pelvis = new Float64Array(3);
  readonly com = new Float64Array(3);
  fallen = false;
  readonly #simulation: Simulation;
  readonly #base: number;
  readonly #soles: readonly number[];
  readonly #soleStart: readonly Float64Array[];
  readonly #point = new Float64Array(3);
  readonly #pelvisRange = new Range();
  readonly #comRange = new Range();
  readonly #times: number[] = [];
  #total = 0;
  #updates = 0;
  #solves = 0;
  #height = Number.NaN;
  #time = 0;
  #slide = 0;
  #effort = 0;

  constructor(simulation: Simulation) {
    this.#simulation = simulation;
    this.#base = simulation.link('base_link');
    this.#soles = [simulation.link('l_sole'), simulation.link('r_sole')];
    this.#soleStart = this.#soles.map(() => new Float64Array(3));
  }

  /** @param solves so far: the cycles that raise it count for the percentiles */
  timed(milliseconds: number, solves: number): void {
    this.#total += milliseconds;
    this.#updates++;
    if (solves > this.#solves) this.#times.push(milliseconds);
    this.#solves = solves;
  }

  update(time: number, state: RobotState, robot: Robot): void {
    const simulation = this.#simulation;
    this.#time = time;
    simulation.linkPosition(this.#base, this.pelvis);
    simulation.centerOfMass(this.#base, this.com);
    if (Number.isNaN(this.#height)) {
      this.#height = this.pelvis[2];
      this.#soles.forEach((sole, f) => {
        simulation.linkPosition(sole, this.#soleStart[f]);
      });
    }
    const [x, y] = [state.orientation[0], state.orientation[1]];
    // Cosine of the lean: 1 − 2(x² + y²).
    if (this.pelvis[2] < this.#height - FALL_HEIGHT || 1 - 2 * (x * x + y * y) < Math.cos(FALL_TILT))
      this.fallen = true;
    if (time >= SETTLING) {
      this.#pelvisRange.add(this.pelvis);
      this.#comRange.add(this.com);
    }
    for (let f = 0; f < 2; f++) {
      simulation.linkPosition(this.#soles[f], this.#point);
      const start = this.#soleStart[f];
      this.#slide = Math.max(this.#slide, Math.hypot(this.#point[0] - start[0], this.#point[1] - start[1]));
    }
    for (const leg of ['left_leg', 'right_leg']) {
      for (const i of robot.group(leg)) {
        this.#effort = Math.max(this.#effort, Math.abs(state.effort[i]) / robot.effortLimit[i]);
      }
    }
  }

  result(stabilizer: Stabilizer): StandingResult {
    // The first quarter is the time in which the engine's code is compiled.
    const times = this.#times.slice(this.#times.length >> 2);
    return {
      stood: !this.fallen,
      time: this.#time,
      pelvisSway: this.#pelvisRange.size,
      comSway: this.#comRange.size,
      slide: this.#slide,
      effort: this.#effort,
      solveTime: times.length > 0 ? [percentile(times, 0.5), percentile(times, 0.99)] : [0, 0],
      meanTime: this.#total / this.#updates,
      fallbacks: stabilizer.status.fallbacks,
      solves: stabilizer.status.solves,
    };
  }
}

/** Peak to peak of x and y. */
class Range {
  readonly #low = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  readonly #high = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];

  get size(): [number, number] {
    return [Math.max(0, this.#high[0] - this.#low[0]), Math.max(0, this.#high[1] - this.#low[1])];
  }

  add(point: Float64Array): void {
    for (let k = 0; k < 2; k++) {
      this.#low[k] = Math.min(this.#low[k], point[k]);
      this.#high[k] = Math.max(this.#high[k], point[k]);
    }
  }
}

function ring<T>(length: number, make: () => T): T[] {
  return Array.from({ length }, make);
}

function push(simulation: Simulation, link: number, pushes: readonly Push[], time: number): void {
  let [x, y] = [0, 0];
  for (const { start, duration, force, direction } of pushes) {
    if (time < start || time >= start + duration) continue;
    x += force * Math.cos(direction);
    y += force * Math.sin(direction);
  }
  simulation.push(link, [x, y, 0]);
}

function copyCommand(from: JointCommand, to: JointCommand): void {
  to.position.set(from.position);
  to.velocity.set(from.velocity);
  to.kp.set(from.kp);
  to.kd.set(from.kd);
  to.effort.set(from.effort);
}

function copyEstimate(from: BaseEstimate, to: BaseEstimate): void {
  to.time = from.time;
  to.position.set(from.position);
  to.orientation.set(from.orientation);
  to.velocity.set(from.velocity);
  to.angularVelocity.set(from.angularVelocity);
  to.contact.set(from.contact);
  to.degraded = from.degraded;
}
