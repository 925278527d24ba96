import { quat, vec3 } from 'gl-matrix';
import { interpolatePose, rotationBetween } from '../math/pose.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import { InverseKinematics } from './inverse-kinematics.js';

/** Soles may move against each other by this much on a path that is straight in the joints, m and rad. */
const SOLE_DRIFT = 0.002;
const SOLE_TURN = 0.005;
/** Places at which that is looked at. */
const PROBES = 20;
/** The legs reach a pose when they are this near, m and rad. */
const REACHED = 1e-6;
const ITERATIONS = 100;

/** Little damping, nothing to choose in the null space: the legs have six joints each. */
const legOptions = { damping: 1e-4, maxDamping: 1e-2, manipulabilityThreshold: 1e-4, postureGain: 0 };

const sides = ['left', 'right'] as const;

/**
 * The way between two postures, by s in 0…1. It is straight in the joints, unless the soles would move against each
 * other: then the pelvis goes where straight joints would take it on the mean of both legs, which spares the joints'
 * limits, and turns evenly, above soles that keep their place; the legs follow by inverse kinematics.
 */
export class PosturePath {
  /** Joints that move, all but the hands, as indices into the joint vector. */
  readonly joints: Int32Array;
  /** Whether it is straight in the joints. */
  readonly straight: boolean;
  readonly #kinematics: Kinematics;
  readonly #from: Float64Array;
  readonly #to: Float64Array;
  readonly #soles: readonly number[];
  readonly #legs: readonly InverseKinematics[];
  /** Of the pelvis and of each sole above the middle of the soles, at the start and at the end: 7 numbers each. */
  readonly #poses: { readonly pelvis: [Float64Array, Float64Array]; readonly soles: [Float64Array, Float64Array][] };

  /** @param from all joints, rad @param to all joints, rad */
  constructor(robot: Robot, kinematics: Kinematics, from: Float64Array, to: Float64Array) {
    const groups = ['head', 'torso', 'left_arm', 'right_arm', 'left_leg', 'right_leg'];
    this.joints = Int32Array.from(groups.flatMap((group) => [...robot.group(group)])).sort();
    this.#kinematics = kinematics;
    this.#from = from.slice();
    this.#to = to.slice();
    this.#soles = ['l_sole', 'r_sole'].map((frame) => kinematics.frame(frame));
    this.#legs = sides.map(
      (side, i) =>
        new InverseKinematics(
          robot,
          kinematics,
          ['l_sole', 'r_sole'][i]!,
          robot.group(`${side}_leg`),
          from,
          legOptions,
        ),
    );
    const [start, end] = [this.#aboveSoles(from), this.#aboveSoles(to)];
    this.#poses = {
      pelvis: [start.pelvis, end.pelvis],
      soles: sides.map((_, i) => [start.soles[i]!, end.soles[i]!]),
    };
    this.straight = this.#isStraight();
  }

  /** Positions of `joints` at `s`, rad. @throws Error where the legs do not reach */
  at(s: number): Float64Array {
    const q = this.#from.map((position, j) => position + s * (this.#to[j]! - position));
    if (!this.straight) this.#placeLegs(s, q);
    return Float64Array.from(this.joints, (joint) => q[joint]!);
  }

  /** Starts from straight joints, which are near. */
  #placeLegs(s: number, q: Float64Array): void {
    const pelvis = between(this.#poses.pelvis, s);
    pelvis.set(this.#aboveSoles(q).pelvis.subarray(0, 3));
    for (const [i, leg] of this.#legs.entries()) {
      const sole = relative(pelvis, between(this.#poses.soles[i]!, s));
      let steps = 0;
      do leg.step(q, sole);
      while (Math.max(leg.positionError, leg.rotationError) > REACHED && ++steps < ITERATIONS);
      if (steps < ITERATIONS) continue;
      const percent = Math.round(100 * s);
      throw new Error(`the ${sides[i]} leg does not reach its place at ${percent} % of the way`);
    }
  }

  #isStraight(): boolean {
    const turn = new Float64Array(3);
    for (let probe = 1; probe < PROBES; probe++) {
      const s = probe / PROBES;
      const { soles } = this.#aboveSoles(this.#from.map((position, j) => position + s * (this.#to[j]! - position)));
      for (const [i, sole] of soles.entries()) {
        const wanted = between(this.#poses.soles[i]!, s);
        rotationBetween(wanted, 3, sole, 3, turn, 0);
        // Each is half as far from the middle as from the other.
        if (2 * vec3.distance(vectorOf(sole), vectorOf(wanted)) > SOLE_DRIFT) return false;
        if (2 * Math.hypot(...turn) > SOLE_TURN) return false;
      }
    }
    return true;
  }

  /** Pelvis and soles in a frame in the middle between the soles. */
  #aboveSoles(q: Float64Array): { pelvis: Float64Array; soles: Float64Array[] } {
    this.#kinematics.setPositions(q);
    const [left, right] = this.#soles.map((frame) => {
      const pose = new Float64Array(7);
      this.#kinematics.pose(frame, pose);
      return pose;
    });
    const middle = new Float64Array(7);
    interpolatePose(left!, 0, right!, 0, 0.5, middle, 0);
    const pelvis = Float64Array.of(0, 0, 0, 0, 0, 0, 1);
    return { pelvis: relative(middle, pelvis), soles: [relative(middle, left!), relative(middle, right!)] };
  }
}

function between([a, b]: readonly [Float64Array, Float64Array], s: number): Float64Array {
  const pose = new Float64Array(7);
  interpolatePose(a, 0, b, 0, s, pose, 0);
  return pose;
}

function vectorOf(pose: Float64Array): vec3 {
  return [pose[0]!, pose[1]!, pose[2]!];
}

/** Pose `b` as seen from pose `a`. */
function relative(a: Float64Array, b: Float64Array): Float64Array {
  const inverse = quat.invert([0, 0, 0, 1], a.subarray(3) as unknown as quat);
  const position = vec3.transformQuat([0, 0, 0], vec3.subtract([0, 0, 0], vectorOf(b), vectorOf(a)), inverse);
  const orientation = quat.multiply([0, 0, 0, 1], inverse, b.subarray(3) as unknown as quat);
  return Float64Array.from([...position, ...orientation]);
}
