import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import type { Findings } from './findings.js';
import type { SafetyLimits } from './safety-config.js';

/** Parts of the body by their collision shapes, and which of them may meet: links that are joined always touch. */
const PARTS = {
  left_arm: /^left_(elbow|wrist|palm|thumb|index|middle|ring|pinky)/,
  right_arm: /^right_(elbow|wrist|palm|thumb|index|middle|ring|pinky)/,
  trunk: /^(pelvis|torso)_/,
  head: /^head_/,
  left_leg: /^left_(hip_yaw|knee|ankle|foot)/,
  right_leg: /^right_(hip_yaw|knee|ankle|foot)/,
} as const;
type Part = keyof typeof PARTS;
const PAIRS: readonly (readonly [Part, Part])[] = [
  ['left_arm', 'right_arm'],
  ['left_arm', 'trunk'],
  ['right_arm', 'trunk'],
  ['left_arm', 'head'],
  ['right_arm', 'head'],
  ['left_arm', 'left_leg'],
  ['left_arm', 'right_leg'],
  ['right_arm', 'left_leg'],
  ['right_arm', 'right_leg'],
  ['left_leg', 'right_leg'],
];

/** Distances between parts of the own body in the measured posture, on MuJoCo's model of the robot. */
export class CollisionRules {
  readonly #kinematics: Kinematics;
  readonly #limits: SafetyLimits['self_collision'];
  readonly #findings: Findings;
  readonly #pairs: readonly { readonly name: string; readonly a: Int32Array; readonly b: Int32Array }[];
  #judged = -Infinity;

  /** @param kinematics of this class alone: it sets their posture */
  constructor(robot: Robot, kinematics: Kinematics, limits: SafetyLimits['self_collision'], findings: Findings) {
    this.#kinematics = kinematics;
    this.#limits = limits;
    this.#findings = findings;
    const shapes = (part: Part) => kinematics.geoms([...robot.urdf.shapes].filter((name) => PARTS[part].test(name)));
    this.#pairs = PAIRS.map(([a, b]) => ({
      name: `${a} and ${b}`.replaceAll('_', ' '),
      a: shapes(a),
      b: shapes(b),
    })).filter(({ a, b }) => a.length > 0 && b.length > 0);
  }

  /** Judges once a period. @param time s, now @param position measured, finite, rad */
  observe(time: number, position: ArrayLike<number>): void {
    const { stop, warn, period } = this.#limits;
    if (time - this.#judged < period) return;
    this.#judged = time;
    this.#kinematics.setPositions(position);
    for (const { name, a, b } of this.#pairs) {
      const distance = this.#kinematics.distance(a, b, Math.max(stop, warn, 0) + 0.01);
      const key = `collision:${name}`;
      const text = `${name} are ${(1e3 * distance).toFixed(0)} mm apart`;
      if (distance < stop) this.#findings.set(key, 'self_collision', `${text}, limit ${1e3 * stop} mm`);
      else if (distance < warn) this.#findings.set(key, 'self_proximity', `${text}, warning at ${1e3 * warn} mm`);
      else this.#findings.clear(key);
    }
  }
}
