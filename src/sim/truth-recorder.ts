import type { RobotState } from '../control/hardware.js';
import type { Robot } from '../robot/robot.js';

/** How far a joint may pass its position limit by the elasticity of drive and end stop, rad. */
const ELASTICITY = 0.05;
/** Rounding of the torque limit, as a factor. */
const ROUNDING = 1.001;

/** Kinds of limits, in the order in which they are counted. */
const POSITION = 0;
const VELOCITY = 1;
const EFFORT = 2;
const KINDS = 3;

/** Doubles that `TruthRecorder.copy` fills. */
export const TRUTH_SIZE = 3 * KINDS + 3;

/**
 * Looks at the true state of a simulated robot every physics step and keeps the worst of it: steps with a joint beyond
 * a limit, how far beyond and which one, how low the pelvis came, how far it tilted and how hard the harness had to hold
 * it. Real-time safe.
 */
export class TruthRecorder {
  readonly #lower: Float64Array;
  readonly #upper: Float64Array;
  /** End stops. */
  readonly #first: Float64Array;
  readonly #last: Float64Array;
  /** Joints that were let go, and have not come back within their limits: 1, else 0. */
  readonly #limp: Uint8Array;
  /** Joints without any drive, and those that had none and are still too fast for that: 1, else 0. */
  readonly #powerless: Uint8Array;
  /** The hardware's limits, not the tighter ones that are commanded. */
  readonly #velocity: Float64Array;
  readonly #effort: Float64Array;
  readonly #violations = new Float64Array(KINDS);
  readonly #excess = new Float64Array(KINDS).fill(-Infinity);
  readonly #joint = new Float64Array(KINDS);
  #lowest = Infinity;
  #tilt = 0;
  #load = 0;

  constructor(robot: Robot) {
    this.#lower = robot.lower;
    this.#upper = robot.upper;
    this.#first = Float64Array.from(robot.urdf.joints, ({ lower }) => lower);
    this.#last = Float64Array.from(robot.urdf.joints, ({ upper }) => upper);
    this.#limp = new Uint8Array(robot.names.length);
    this.#powerless = new Uint8Array(robot.names.length);
    this.#velocity = Float64Array.from(robot.urdf.joints, ({ velocity }) => velocity);
    this.#effort = robot.effortLimit.map((limit) => limit * ROUNDING);
  }

  /**
   * Takes a step in. A joint whose drive has no stiffness goes where gravity takes it: it is judged by its end stops,
   * until it is back within the limits that hold for commands. One without damping either has lost its torque: nothing
   * holds its speed, which is not judged until a drive has it back within the limit.
   * @param stiffness of the drives, N·m/rad @param damping of them, N·m·s/rad @returns whether a joint was beyond a limit
   */
  observe({ position, velocity, effort }: RobotState, stiffness: Float64Array, damping: Float64Array): boolean {
    let beyond = 0;
    for (let j = 0; j < position.length; j++) {
      const q = position[j]!;
      let excess = Math.max(this.#lower[j]! - q, q - this.#upper[j]!) - ELASTICITY;
      if (stiffness[j] === 0) this.#limp[j] = 1;
      else if (excess <= 0) this.#limp[j] = 0;
      if (this.#limp[j] === 1) excess = Math.max(this.#first[j]! - q, q - this.#last[j]!) - ELASTICITY;
      beyond |= this.#judge(POSITION, j, excess);
      const speeding = Math.abs(velocity[j]!) - this.#velocity[j]!;
      if (stiffness[j] === 0 && damping[j] === 0) this.#powerless[j] = 1;
      else if (speeding <= 0) this.#powerless[j] = 0;
      if (this.#powerless[j] === 0) beyond |= this.#judge(VELOCITY, j, speeding);
      beyond |= this.#judge(EFFORT, j, Math.abs(effort[j]!) - this.#effort[j]!);
    }
    for (let kind = 0; kind < KINDS; kind++) if ((beyond & (1 << kind)) !== 0) this.#violations[kind]!++;
    return beyond !== 0;
  }

  /**
   * Takes the base in. The tilt is the angle between its z axis and the vertical: cos = 1 − 2(x² + y²).
   * @param height of the pelvis, m @param orientation quaternion x, y, z, w @param load on the harness, N
   */
  observeBase(height: number, orientation: Float64Array, load = 0): void {
    if (load > this.#load) this.#load = load;
    if (height < this.#lowest) this.#lowest = height;
    const cosine = 1 - 2 * (orientation[0]! ** 2 + orientation[1]! ** 2);
    const tilt = Math.acos(Math.max(-1, Math.min(1, cosine)));
    if (tilt > this.#tilt) this.#tilt = tilt;
  }

  /** Copies violations (3), excesses (3), their joints (3), lowest height (m), largest tilt (rad), load (N). */
  copy(out: Float64Array, offset: number): void {
    out.set(this.#violations, offset);
    out.set(this.#excess, offset + KINDS);
    out.set(this.#joint, offset + 2 * KINDS);
    out[offset + 3 * KINDS] = this.#lowest;
    out[offset + 3 * KINDS + 1] = this.#tilt;
    out[offset + 3 * KINDS + 2] = this.#load;
  }

  /** @returns the kind's bit where the excess is positive */
  #judge(kind: number, joint: number, excess: number): number {
    if (excess > this.#excess[kind]!) {
      this.#excess[kind] = excess;
      this.#joint[kind] = joint;
    }
    return excess > 0 ? 1 << kind : 0;
  }
}
