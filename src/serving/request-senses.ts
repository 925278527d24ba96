import type { Arm } from '../action/action-chunk.js';
import type { HandSenses } from '../cosmos/policy-backend.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import type { ServedRequest } from './inference-request.js';

/** What a request says of the robot's body. */
export interface BodySenses {
  /** All joints in URDF order, rad. */
  readonly positions: Float64Array;
  readonly hands: Readonly<Record<Arm, HandSenses>>;
}

/** Reads where joints and hands are, the hands by the robot's kinematics. */
export class RequestSenses {
  readonly #robot: Robot;
  readonly #kinematics: Kinematics;

  constructor(robot: Robot, kinematics: Kinematics) {
    this.#robot = robot;
    this.#kinematics = kinematics;
  }

  /** @throws Error naming a joint that the robot lacks, or a rotation that is none */
  read(request: Pick<ServedRequest, 'joint_positions' | 'commanded_hands'>): BodySenses {
    const positions = new Float64Array(this.#robot.names.length);
    for (const [name, position] of Object.entries(request.joint_positions))
      positions[this.#robot.index(name)] = position;
    this.#kinematics.setPositions(positions);
    return { positions, hands: { right: this.#hand(request, 'right'), left: this.#hand(request, 'left') } };
  }

  #hand({ commanded_hands: hands }: Pick<ServedRequest, 'commanded_hands'>, arm: Arm): HandSenses {
    const measuredPose = new Float64Array(7);
    this.#kinematics.pose(this.#kinematics.frame(this.#robot.gripperFrames[arm]), measuredPose);
    const commanded = hands[arm];
    if (commanded === undefined) return { commandedPose: measuredPose, commandedGripper: 0, measuredPose };
    checkQuaternion(`commanded_hands.${arm}.pose`, commanded.pose);
    return { commandedPose: Float64Array.from(commanded.pose), commandedGripper: commanded.gripper, measuredPose };
  }
}

/** @param values x, y, z and quaternion @throws Error where the quaternion is no rotation */
export function checkQuaternion(name: string, values: ArrayLike<number>): void {
  const length = Math.hypot(values[3]!, values[4]!, values[5]!, values[6]!);
  if (Math.abs(length - 1) > 1e-3) throw new Error(`${name}: its quaternion has the length ${length}; it must be 1`);
}
