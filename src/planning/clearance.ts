import type { Arm } from '../action/action-chunk.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';

/** What the arms keep away from. */
export interface ClearanceOptions {
  /** Height of the work surface in base_link, m, and where it begins in front of the robot, m; none without. */
  readonly surface?: { readonly height: number; readonly edge: number };
  /** Smallest distance between an arm and the surface, m. */
  readonly surfaceDistance: number;
  /** Smallest distance between an arm and the own body, m. */
  readonly bodyDistance: number;
}

/** Without a work surface. */
export const defaultClearance: ClearanceOptions = { surfaceDistance: 0.002, bodyDistance: 0.01 };

/** Links of the own body that an arm can reach. */
const body = ['pelvis_box', 'torso_box', 'torso_chest_box', 'left_hip_yaw_link_capsule', 'right_hip_yaw_link_capsule'];

/** Whether a next posture keeps the arms off the work surface and the own body. */
export class Clearance {
  readonly #kinematics: Kinematics;
  readonly #options: ClearanceOptions;
  readonly #arms: Readonly<Record<Arm, Int32Array>>;
  readonly #body: Int32Array;

  constructor(robot: Robot, kinematics: Kinematics, options: ClearanceOptions = defaultClearance) {
    this.#kinematics = kinematics;
    this.#options = options;
    const names = [...robot.urdf.shapes];
    const shapes = (arm: Arm) =>
      kinematics.geoms(
        names.filter((name) => new RegExp(`^${arm}_(elbow|wrist|palm|thumb|index|middle|ring|pinky)`).test(name)),
      );
    this.#arms = { left: shapes('left'), right: shapes('right') };
    this.#body = kinematics.geoms(body);
  }

  /**
   * Whether `next` keeps its distance, or at least comes no closer than `before`, so that an arm that is too close can
   * leave. Leaves the kinematics at `next`.
   */
  allows(arm: Arm, before: Float64Array, next: Float64Array): boolean {
    this.#kinematics.setPositions(next);
    const margin = this.#margin(arm);
    if (margin >= 0) return true;
    this.#kinematics.setPositions(before);
    const previous = this.#margin(arm);
    this.#kinematics.setPositions(next);
    return margin >= previous;
  }

  /** Smallest distance less what is required, m, in the kinematics' posture. */
  #margin(arm: Arm): number {
    const { surface, surfaceDistance, bodyDistance } = this.#options;
    const arms = this.#arms[arm];
    const fromBody = this.#kinematics.distance(arms, this.#body, bodyDistance) - bodyDistance;
    if (surface === undefined) return fromBody;
    return Math.min(fromBody, this.#kinematics.lowestPoint(arms, surface.edge) - surface.height - surfaceDistance);
  }
}
