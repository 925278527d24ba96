import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import type { Arm } from '../action/action-chunk.js';
import { loadConfig } from '../config/config.js';
import { quantity } from '../config/quantity.js';
import { parseUrdf, type Urdf } from './urdf.js';

const pair = z.tuple([z.number(), z.number()]);
const rising = pair.refine(([start, end]) => start < end, 'must be two rising numbers');
const schema = z.strictObject({
  urdf: z.string(),
  groups: z.record(z.string(), z.string()),
  position_limits: z.record(z.string(), pair),
  velocity_limits: z.record(z.string(), z.number().positive()),
  drives: z.record(
    z.string(),
    z.strictObject({
      kp: z.number().nonnegative(),
      ki: z.number().nonnegative(),
      kd: z.number().nonnegative(),
      armature: z.number().nonnegative(),
    }),
  ),
  postures: z.record(z.string(), z.record(z.string(), z.number())),
  hand_synergy: z.record(z.string(), z.strictObject({ open: z.number(), closed: z.number(), phase: rising })),
  frames: z.strictObject({ base: z.string(), grippers: z.strictObject({ left: z.string(), right: z.string() }) }),
  cameras: z.record(z.string(), z.strictObject({ frame: z.string(), horizontal_fov: quantity('rad') })),
});

/** A camera of the robot: pinhole, square pixels, principal point in the middle. */
export interface CameraDescription {
  readonly name: string;
  /** Optical frame (z forward, x right, y down). */
  readonly frame: string;
  /** rad */
  readonly horizontalFov: number;
}

/**
 * The robot as every module sees it: joints in URDF order, the tighter of the URDF's and the configuration's limits,
 * drive gains, groups, postures and hand synergy. Vectors are as long as there are joints (75).
 */
export class Robot {
  readonly urdf: Urdf;
  /** Joints in URDF order, which is that of every vector. */
  readonly names: readonly string[];
  /** Position limits, rad. */
  readonly lower: Float64Array;
  readonly upper: Float64Array;
  /** rad/s */
  readonly velocityLimit: Float64Array;
  /** N·m */
  readonly effortLimit: Float64Array;
  /** Drive gains: N·m/rad, N·m/(rad·s), N·m·s/rad. */
  readonly kp: Float64Array;
  readonly ki: Float64Array;
  readonly kd: Float64Array;
  /** Rotor inertia seen at the joint, kg·m². */
  readonly armature: Float64Array;
  /** The link in which poses are given. */
  readonly baseFrame: string;
  /** The link of each hand that action chunks move. */
  readonly gripperFrames: Readonly<Record<Arm, string>>;
  readonly cameras: readonly CameraDescription[];
  readonly #index: ReadonlyMap<string, number>;
  readonly #groups: ReadonlyMap<string, Int32Array>;
  readonly #postures: ReadonlyMap<string, Float64Array>;
  readonly #open: Float64Array;
  readonly #closed: Float64Array;
  readonly #phaseStart: Float64Array;
  readonly #phaseEnd: Float64Array;

  /**
   * @param file configuration, `config/robot.yaml`
   * @throws Error that names the file, the key and the remedy
   */
  static load(file: string): Robot {
    const config = loadConfig(file, schema);
    const urdfFile = resolve(dirname(file), config.urdf);
    if (!existsSync(urdfFile)) {
      throw new Error(`${file}: urdf: ${urdfFile} does not exist; name the robot's URDF, relative to this file`);
    }
    return new Robot(file, config, parseUrdf(readFileSync(urdfFile, 'utf8'), urdfFile));
  }

  private constructor(file: string, config: z.infer<typeof schema>, urdf: Urdf) {
    const joints = urdf.joints;
    this.urdf = urdf;
    this.names = joints.map((joint) => joint.name);
    this.#index = new Map(this.names.map((name, index) => [name, index]));

    const match = (key: string, pattern: string): number[] => {
      const expression = regularExpression(`${file}: ${key}`, pattern);
      const found = this.names.flatMap((name, index) => (expression.test(name) ? [index] : []));
      if (found.length === 0) throw new Error(`${file}: ${key}: '${pattern}' matches no joint of ${urdf.name}`);
      return found;
    };
    const each = <T>(key: string, table: Record<string, T>, apply: (joint: number, value: T) => void): void => {
      for (const [pattern, value] of Object.entries(table))
        for (const joint of match(key, pattern)) apply(joint, value);
    };
    const vector = (value: (joint: number) => number) => Float64Array.from(joints, (_, index) => value(index));

    this.lower = vector((i) => joints[i]!.lower);
    this.upper = vector((i) => joints[i]!.upper);
    each('position_limits', config.position_limits, (i, [lower, upper]) => {
      this.lower[i] = Math.max(this.lower[i]!, lower);
      this.upper[i] = Math.min(this.upper[i]!, upper);
      if (this.lower[i]! >= this.upper[i]!) {
        throw new Error(
          `${file}: position_limits: ${this.names[i]}: [${lower}, ${upper}] leaves no range in the URDF's`,
        );
      }
    });
    this.velocityLimit = vector((i) => joints[i]!.velocity);
    each('velocity_limits', config.velocity_limits, (i, limit) => {
      this.velocityLimit[i] = Math.min(this.velocityLimit[i]!, limit);
    });
    this.effortLimit = vector((i) => joints[i]!.effort);

    this.kp = new Float64Array(joints.length);
    this.ki = new Float64Array(joints.length);
    this.kd = new Float64Array(joints.length);
    this.armature = new Float64Array(joints.length);
    each('drives', config.drives, (i, drive) => {
      this.kp[i] = drive.kp;
      this.ki[i] = drive.ki;
      this.kd[i] = drive.kd;
      this.armature[i] = drive.armature;
    });
    const undriven = this.names.filter((_, i) => this.kp[i] === 0);
    if (undriven.length > 0) throw new Error(`${file}: drives: no gains for ${undriven.join(', ')}`);

    this.#groups = new Map(
      Object.entries(config.groups).map(([name, pattern]) => [name, Int32Array.from(match(`groups.${name}`, pattern))]),
    );

    this.#open = new Float64Array(joints.length);
    this.#closed = new Float64Array(joints.length);
    this.#phaseStart = new Float64Array(joints.length);
    this.#phaseEnd = new Float64Array(joints.length).fill(1);
    each('hand_synergy', config.hand_synergy, (i, { open, closed, phase }) => {
      this.#open[i] = this.clamp(i, open);
      this.#closed[i] = this.clamp(i, closed);
      [this.#phaseStart[i], this.#phaseEnd[i]] = phase;
    });

    this.#postures = new Map(
      Object.entries(config.postures).map(([name, table]) => {
        const posture = vector((i) => this.clamp(i, this.#open[i]!));
        each(`postures.${name}`, table, (i, position) => {
          posture[i] = this.clamp(i, position);
        });
        return [name, posture];
      }),
    );

    this.baseFrame = config.frames.base;
    this.gripperFrames = config.frames.grippers;
    this.cameras = Object.entries(config.cameras).map(([name, camera]) => ({
      name,
      frame: camera.frame,
      horizontalFov: camera.horizontal_fov,
    }));
    for (const frame of [this.baseFrame, ...Object.values(this.gripperFrames), ...this.cameras.map((c) => c.frame)]) {
      if (!urdf.links.has(frame)) throw new Error(`${file}: frames: '${frame}' is no link of ${urdf.name}`);
    }
  }

  /** Index of the named joint. @throws Error where there is no such joint */
  index(name: string): number {
    const index = this.#index.get(name);
    if (index === undefined) throw new Error(`no joint '${name}' in ${this.urdf.name}`);
    return index;
  }

  /** Joint indices of the named group. @throws Error that lists the groups */
  group(name: string): Int32Array {
    const group = this.#groups.get(name);
    if (group === undefined)
      throw new Error(`no joint group '${name}'; there are ${[...this.#groups.keys()].join(', ')}`);
    return group;
  }

  /** Joint positions of the named posture, hands open. @throws Error that lists the postures */
  posture(name: string): Float64Array {
    const posture = this.#postures.get(name);
    if (posture === undefined)
      throw new Error(`no posture '${name}'; there are ${[...this.#postures.keys()].join(', ')}`);
    return posture.slice();
  }

  /** `position` held inside the joint's limits, rad. */
  clamp(joint: number, position: number): number {
    return Math.min(Math.max(position, this.lower[joint]!), this.upper[joint]!);
  }

  /**
   * Hand synergy: writes the 22 joint positions of one hand for the gripper scalar (0 open … 1 closed) into `out`, a
   * vector of all joints. Each joint moves linearly while the scalar is inside its phase [a, b]:
   *   q = open + (closed − open)·clamp((g − a)/(b − a), 0, 1)
   */
  handPositions(arm: Arm, gripper: number, out: Float64Array): void {
    const hand = this.group(`${arm}_hand`);
    for (let k = 0; k < hand.length; k++) {
      const i = hand[k]!;
      const start = this.#phaseStart[i]!;
      const phase = Math.min(Math.max((gripper - start) / (this.#phaseEnd[i]! - start), 0), 1);
      out[i] = this.#open[i]! + (this.#closed[i]! - this.#open[i]!) * phase;
    }
  }
  /**
   * The gripper scalar whose hand synergy is nearest to `positions` (all joints, rad) in the least-squares sense, to
   * 0.01: the inverse of {@link handPositions}. Allocates; not for hot paths.
   */
  gripperScalar(arm: Arm, positions: ArrayLike<number>): number {
    const hand = this.group(`${arm}_hand`);
    const synergy = new Float64Array(this.names.length);
    let nearest = 0;
    let least = Number.POSITIVE_INFINITY;
    for (let percent = 0; percent <= 100; percent++) {
      this.handPositions(arm, percent / 100, synergy);
      const squared = hand.reduce((sum, i) => sum + (synergy[i]! - positions[i]!) ** 2, 0);
      if (squared < least) [nearest, least] = [percent / 100, squared];
    }
    return nearest;
  }
}

/** @throws Error that names `key` where `pattern` is no regular expression */
function regularExpression(key: string, pattern: string): RegExp {
  try {
    return new RegExp(`^(?:${pattern})$`);
  } catch (error) {
    throw new Error(`${key}: '${pattern}' is no regular expression: ${(error as Error).message}`);
  }
}
