import type { Arm } from '../action/action-chunk.js';
import type { HandSenses } from './policy-backend.js';

/** The parts of the proprioception vector in order; poses are those of the arm's gripper frame in base_link. */
export const PROPRIOCEPTION_LAYOUT = [
  /** m */
  { name: 'commanded_position', size: 3 },
  /** Columns x and y of the rotation matrix: xx, yx, zx, xy, yy, zy. */
  { name: 'commanded_rotation', size: 6 },
  /** m */
  { name: 'measured_position', size: 3 },
  { name: 'measured_rotation', size: 6 },
  /** 0 open … 1 closed */
  { name: 'gripper_command', size: 1 },
  /** Mean over index, middle, ring and little finger of MCP flexion plus PIP flexion, rad. */
  { name: 'finger_flexion', size: 1 },
  /** Shoulder pitch, roll, yaw, elbow, wrist roll, pitch, yaw, rad. */
  { name: 'arm_joint_positions', size: 7 },
] as const;

/** Length of one arm's vector. */
export const PROPRIOCEPTION_DIMENSION = PROPRIOCEPTION_LAYOUT.reduce((sum, part) => sum + part.size, 0);

const ARM_JOINTS = [
  'shoulder_pitch',
  'shoulder_roll',
  'shoulder_yaw',
  'elbow',
  'wrist_roll',
  'wrist_pitch',
  'wrist_yaw',
];
const FINGERS = ['index', 'middle', 'ring', 'pinky'];

/** Builds the vector by which a policy feels one arm, laid out as {@link PROPRIOCEPTION_LAYOUT}. */
export class Proprioception {
  readonly #armJoints: number[];
  readonly #flexionJoints: number[];

  /**
   * @param jointNames the robot's joints, in the order of the position vectors passed to {@link write}
   * @throws Error naming a joint that is missing
   */
  constructor(jointNames: readonly string[], arm: Arm) {
    const index = (name: string) => {
      const found = jointNames.indexOf(name);
      if (found < 0) throw new Error(`proprioception: the robot has no joint ${name}`);
      return found;
    };
    this.#armJoints = ARM_JOINTS.map((joint) => index(`${arm}_${joint}_joint`));
    this.#flexionJoints = FINGERS.flatMap((finger) => [
      index(`${arm}_${finger}_MCP_FE`),
      index(`${arm}_${finger}_PIP`),
    ]);
  }

  /**
   * Writes the vector into `out` (27 long) and returns it; allocates nothing.
   * @param commanded pose commanded to the gripper frame, xyz (m) and xyzw, in base_link
   * @param measured its measured pose, likewise
   * @param gripper gripper command, 0 open … 1 closed
   * @param positions all joint positions, rad
   */
  write(
    commanded: ArrayLike<number>,
    measured: ArrayLike<number>,
    gripper: number,
    positions: ArrayLike<number>,
    out: Float32Array,
  ): Float32Array {
    writePose(commanded, out, 0);
    writePose(measured, out, 9);
    out[18] = gripper;
    let flexion = 0;
    for (const joint of this.#flexionJoints) flexion += positions[joint]!;
    out[19] = flexion / FINGERS.length;
    for (let i = 0; i < 7; i++) out[20 + i] = positions[this.#armJoints[i]!]!;
    return out;
  }
}

/** What a policy feels of its arms: the vector of each, one after the other. */
export class ArmsProprioception {
  readonly #arms: readonly (readonly [Arm, Proprioception])[];
  readonly #vector: Float32Array;

  /** @throws Error naming a joint that is missing */
  constructor(jointNames: readonly string[], arms: readonly Arm[]) {
    this.#arms = arms.map((arm) => [arm, new Proprioception(jointNames, arm)]);
    this.#vector = new Float32Array(arms.length * PROPRIOCEPTION_DIMENSION);
  }

  /**
   * @param positions all joint positions, rad
   * @returns 27 numbers for each arm, until the next call
   */
  write(hands: Readonly<Record<Arm, HandSenses>>, positions: ArrayLike<number>): Float32Array {
    for (const [i, [arm, own]] of this.#arms.entries()) {
      const { commandedPose, measuredPose, commandedGripper } = hands[arm];
      const part = this.#vector.subarray(i * PROPRIOCEPTION_DIMENSION, (i + 1) * PROPRIOCEPTION_DIMENSION);
      own.write(commandedPose, measuredPose, commandedGripper, positions, part);
    }
    return this.#vector;
  }
}

/** Position, then columns x and y of the matrix of the quaternion (Zhou et al., CVPR 2019, arXiv:1812.07035). */
function writePose(pose: ArrayLike<number>, out: Float32Array, at: number): void {
  for (let i = 0; i < 3; i++) out[at + i] = pose[i]!;
  const x = pose[3]!;
  const y = pose[4]!;
  const z = pose[5]!;
  const w = pose[6]!;
  out[at + 3] = 1 - 2 * (y * y + z * z);
  out[at + 4] = 2 * (x * y + z * w);
  out[at + 5] = 2 * (x * z - y * w);
  out[at + 6] = 2 * (x * y - z * w);
  out[at + 7] = 1 - 2 * (x * x + z * z);
  out[at + 8] = 2 * (y * z + x * w);
}
