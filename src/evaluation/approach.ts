import { createJointCommand, createRobotState } from '../control/hardware.js';
import { CONTROLLER_DEFAULTS, JointController } from '../control/joint-controller.js';
import { TrajectoryBuffer } from '../control/trajectory-buffer.js';
import { Random } from '../math/random.js';
import { BodySegments } from '../planning/body-segments.js';
import { Clearance } from '../planning/clearance.js';
import { MotionPlanner } from '../planning/motion-planner.js';
import { protectiveDistance, type SeparationOptions, separationDefaults } from '../planning/separation.js';
import { type Obstacle, ObstacleClass, SeparationMonitor } from '../planning/separation-monitor.js';
import { TrajectoryFollower } from '../planning/trajectory-follower.js';
import { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import { Simulation } from '../sim/simulation.js';

/** Somebody who walks up to a robot at work. */
export interface ApproachOptions {
  /** Walking speed, m/s. */
  readonly speed: number;
  /** Seeds the noise of the tracking. */
  readonly seed: number;
  readonly separation: SeparationOptions;
}

export const approachDefaults: ApproachOptions = { speed: 1.6, seed: 1, separation: separationDefaults };

/** Distances are between the surfaces of the robot's arms, which move, and of the person, m. */
export interface ApproachResult {
  /** Where the robot began to slow down, and the protective distance at the speeds of that moment, reaction done. */
  readonly slowed: number;
  readonly protective: number;
  /** Where it had come to rest, and the least distance that must be left then: C + Z_d + Z_r. */
  readonly stood: number;
  readonly least: number;
  /** Way of the hand from there where it began to slow down to rest, m, and time, s. */
  readonly stoppingWay: number;
  readonly stoppingTime: number;
  /** Largest speed of the hand before, m/s. */
  readonly handSpeed: number;
  /** Way of the hand from then on, until the person left, m. */
  readonly crept: number;
  /** Whether the robot went on when the person had left. */
  readonly resumed: boolean;
}

/** Tracking of the person: rate, Hz; age of a position when it arrives, s; noise, m. */
const tracking = { rate: 15, latency: 0.05, noise: 0.015 };
/**
 * The person: radius, m; where they start on the x axis of base_link, m, up to `spread` further away, so that they meet
 * the arm at any place; how near the robot they go, m; how long they stay, s.
 */
const person = { radius: 0.25, start: 2.5, spread: 2, nearest: 0.1, stay: 1 };
/** The hand rests, where its command does, below this speed, m/s: the drives settle by some millimetres afterwards. */
const REST = 0.1;
const LONGEST = 25;

/**
 * Somebody walks up to the robot, which hangs in its gantry and moves an arm to and fro, stays close for a moment and
 * leaves: planner, controller and physics in lock step. The same seed gives the same bits.
 */
export async function approach(robot: Robot, options: ApproachOptions = approachDefaults): Promise<ApproachResult> {
  const bench = await ApproachTrial.create(robot, options);
  try {
    return bench.run();
  } finally {
    bench.delete();
  }
}

class ApproachTrial {
  readonly #options: ApproachOptions;
  readonly #kinematics: Kinematics;
  readonly #simulation: Simulation;
  readonly #planner: MotionPlanner;
  readonly #follower: TrajectoryFollower;
  readonly #monitor: SeparationMonitor;
  readonly #body: BodySegments;
  readonly #controller: JointController;
  readonly #buffer: TrajectoryBuffer;
  readonly #random: Random;
  readonly #state;
  readonly #command;
  readonly #hand = new Float64Array(7);
  readonly #normal = new Float64Array(3);
  readonly #handFrame: number;
  /** Positions on their way to the monitor. */
  readonly #pending: { readonly obstacle: Obstacle; readonly time: number }[] = [];
  #personX: number;

  static async create(robot: Robot, options: ApproachOptions): Promise<ApproachTrial> {
    const scene = { robot: { posture: 'table_work', pelvis_height: 0.85 }, bodies: {} };
    return new ApproachTrial(robot, options, await Kinematics.create(robot), await Simulation.create(robot, scene));
  }

  private constructor(robot: Robot, options: ApproachOptions, kinematics: Kinematics, simulation: Simulation) {
    const posture = robot.posture('table_work');
    const joints = robot.names.length;
    this.#options = options;
    this.#kinematics = kinematics;
    this.#simulation = simulation;
    this.#planner = new MotionPlanner(robot, kinematics, posture, new Clearance(robot, kinematics));
    this.#follower = new TrajectoryFollower(robot, this.#planner);
    this.#monitor = new SeparationMonitor(robot, kinematics, options.separation);
    this.#body = new BodySegments(robot, kinematics);
    this.#buffer = TrajectoryBuffer.allocate(joints);
    this.#controller = new JointController(robot, this.#buffer, {
      ...CONTROLLER_DEFAULTS,
      heartbeatTimeout: Number.POSITIVE_INFINITY,
    });
    this.#random = new Random(options.seed);
    this.#personX = person.start + this.#random.uniform(0, person.spread);
    this.#state = createRobotState(joints);
    this.#command = createJointCommand(joints);
    this.#handFrame = kinematics.frame(robot.gripperFrames.right);
    simulation.readState(this.#state);
    this.#controller.start(this.#state);
    this.#planner.plan(0);
    this.#swing(posture, robot);
  }

  run(): ApproachResult {
    const { separation } = this.#options;
    const least = separation.intrusion + separation.sensorUncertainty + separation.robotUncertainty;
    const result = { slowed: 0, protective: 0, stood: 0, stoppingWay: 0, stoppingTime: 0, handSpeed: 0, crept: 0 };
    let arrived = Number.POSITIVE_INFINITY;
    let slowedAt = Number.POSITIVE_INFINITY;
    let stoodAt = Number.POSITIVE_INFINITY;
    for (let cycle = 0; cycle * 0.01 < LONGEST; cycle++) {
      const time = cycle * 0.01;
      const { distance, speed } = this.#step(cycle);
      const { progress } = this.#planner;
      if (progress.scale < 1 && slowedAt > time) {
        slowedAt = time;
        result.slowed = distance;
        const speeds = { human: this.#options.speed, robot: speed, reaction: 0 };
        result.protective = protectiveDistance(1, speeds, separation);
      }
      if (slowedAt > time) result.handSpeed = Math.max(result.handSpeed, speed);
      else if (stoodAt > time) result.stoppingWay += speed * 0.01;
      else if (time < arrived + person.stay) result.crept += speed * 0.01;
      if (progress.scale === 0 && speed < REST && stoodAt > time) {
        stoodAt = time;
        result.stood = distance;
        result.stoppingTime = time - slowedAt;
      }
      if (distance <= person.nearest && arrived > time) arrived = time;
      if (time > arrived + person.stay && progress.scale === 1 && speed > REST) {
        return { ...result, least, resumed: true };
      }
      const away = time < arrived ? -1 : time < arrived + person.stay ? 0 : 1;
      this.#personX += away * this.#options.speed * 0.01;
    }
    return { ...result, least, resumed: false };
  }

  delete(): void {
    this.#kinematics.delete();
  }

  /** 10 ms. @returns distance of person and robot, m, and speed of the hand, m/s */
  #step(cycle: number): { distance: number; speed: number } {
    const time = cycle * 0.01;
    this.#track(cycle);
    this.#follower.update();
    const { trajectory, progress } = this.#planner;
    this.#planner.setSpeedScale(this.#monitor.update(time, trajectory, progress));
    this.#buffer.write(this.#planner.plan(time));
    for (let k = 0; k < 10; k++) {
      this.#controller.update(time + k * Simulation.timeStep, this.#state, this.#command);
      this.#simulation.step(this.#command);
      this.#simulation.readState(this.#state);
    }
    const before = Float64Array.from(this.#hand);
    this.#body.place(this.#state.position);
    this.#kinematics.pose(this.#handFrame, this.#hand);
    let distance = Number.POSITIVE_INFINITY;
    for (let part = 0; part < this.#body.count; part++) {
      if (!this.#body.isArm(part)) continue;
      const place = [this.#personX, 0, 0] as const;
      distance = Math.min(distance, this.#body.separation(part, place, true, this.#normal) - person.radius);
    }
    const way = Math.hypot(...[0, 1, 2].map((i) => this.#hand[i]! - before[i]!));
    return { distance, speed: cycle === 0 ? 0 : way / 0.01 };
  }

  /** The person's position, late and not exact. */
  #track(cycle: number): void {
    const time = cycle * 0.01;
    if (cycle % Math.round(100 / tracking.rate) === 0) {
      const position = [this.#personX + this.#random.normal(0, tracking.noise), 0, 0] as const;
      const velocity = [-this.#options.speed, 0, 0] as const;
      const obstacle = { position, velocity, radius: person.radius, kind: ObstacleClass.person };
      this.#pending.push({ obstacle, time });
    }
    while (this.#pending.length > 0 && this.#pending[0]!.time + tracking.latency <= time) {
      const { obstacle, time: stamp } = this.#pending.shift()!;
      this.#monitor.observe([obstacle], stamp);
    }
  }

  /** The right arm swings forward and back. */
  #swing(posture: Float64Array, robot: Robot): void {
    const joints = ['right_shoulder_pitch_joint', 'right_elbow_joint'];
    const home = joints.map((name) => posture[robot.index(name)]!);
    const reach = [home[0]! - 1.1, home[1]! + 0.1];
    const rest = [0, 0];
    const points = Array.from({ length: 2 * Math.round(LONGEST / 1.8) }, (_, i) => ({
      timeFromStart: 0.9 * (i + 1),
      positions: i % 2 === 0 ? reach : home,
      velocities: rest,
      accelerations: rest,
    }));
    this.#follower.start(
      { start: undefined, joints, points, pathTolerance: [], goalTolerance: [], goalTime: 0 },
      () => {},
    );
  }
}
