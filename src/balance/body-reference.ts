import { multiplyByTransposed } from '../math/rotation.js';
import { type BodyModel, GRAVITY } from './body-model.js';
import type { Foothold, SupportPolygon } from './support-polygon.js';

/** Time constant of the reference's rates, s. */
const RATE_FILTER = 0.02;

/** Upright base at the origin. */
const ORIGIN = { position: new Float64Array(3), orientation: Float64Array.of(0, 0, 0, 1) };

/**
 * Where base and centre of mass are to be, from the commanded joint positions: the pose in which the commanded posture
 * stands over the soles as they are now, or as they will be when the one that swings has landed. The frame of the feet,
 * F, has its origin between the soles, z up (mean normal of the soles in the commanded posture) and x along their mean
 * heading, so that one foot ahead of the other does not turn the body:
 *   R_ref = F_now F_commandedᵀ,   c_ref = o_now + R_ref (c_commanded − o_commanded).
 * Allocates nothing after construction.
 */
export class BodyReference {
  /** Rotation of base_link, row-major, and its angular velocity, world axes. */
  readonly rotation = new Float64Array(9);
  readonly angularVelocity = new Float64Array(3);
  /** Centre of mass, m, its velocity, m/s, and its acceleration, m/s², world. */
  readonly com = new Float64Array(3);
  readonly comVelocity = new Float64Array(3);
  readonly comAcceleration = new Float64Array(3);
  readonly #posture: BodyModel;
  readonly #margin: number;
  readonly #commanded = new Float64Array(9);
  readonly #now = new Float64Array(9);
  readonly #offset = new Float64Array(3);
  readonly #previousOffset = new Float64Array(3);
  readonly #previousRotation = new Float64Array(9);
  readonly #point = new Float64Array(2);
  #started = false;

  /** @param posture a model of its own for the commanded posture @param margin of the centre of mass to the support's edge, m */
  constructor(posture: BodyModel, margin: number) {
    this.#posture = posture;
    this.#margin = margin;
  }

  /** Forgets the rates. */
  reset(): void {
    this.#started = false;
    this.angularVelocity.fill(0);
    this.comVelocity.fill(0);
    this.comAcceleration.fill(0);
  }

  /** Natural frequency of the pendulum on which the centre of mass stands, √(g/z), rad/s. */
  get frequency(): number {
    return Math.sqrt(GRAVITY / Math.max(0.2, this.#offset[2]));
  }

  /** @param positions commanded, all joints @param soles left, right @param stance theirs @param dt s since the last update */
  update(positions: Float64Array, soles: readonly [Foothold, Foothold], stance: SupportPolygon, dt: number): void {
    const posture = this.#posture;
    posture.updatePose(positions, ORIGIN);
    footFrame(posture.feet, false, this.#commanded);
    footFrame(soles, true, this.#now);
    const { rotation: r } = this;
    multiplyByTransposed(this.#now, this.#commanded, r);
    const left = posture.feet[0];
    const right = posture.feet[1];
    const x = posture.com[0] - (left.position[0] + right.position[0]) / 2;
    const y = posture.com[1] - (left.position[1] + right.position[1]) / 2;
    const z = posture.com[2] - (left.position[2] + right.position[2]) / 2;
    // A posture that is not balanced is shifted until it is.
    this.#point[0] = r[0] * x + r[1] * y + r[2] * z + stance.center[0];
    this.#point[1] = r[3] * x + r[4] * y + r[5] * z + stance.center[1];
    stance.clamp(this.#point, stance.center[0], stance.center[1], this.#margin);
    const offset = this.#offset;
    offset[0] = this.#point[0] - stance.center[0];
    offset[1] = this.#point[1] - stance.center[1];
    offset[2] = r[6] * x + r[7] * y + r[8] * z;
    this.#rates(dt);
    this.com[0] = this.#point[0];
    this.com[1] = this.#point[1];
    this.com[2] = offset[2] + (soles[0].position[2] + soles[1].position[2]) / 2;
  }

  /** First-order filtered differences; ω from the antisymmetric part of R Rᵀ_previous. */
  #rates(dt: number): void {
    const { rotation: r, angularVelocity: w, comVelocity: v } = this;
    const p = this.#previousRotation;
    const offset = this.#offset;
    if (this.#started) {
      const gain = dt / (dt + RATE_FILTER);
      for (let k = 0; k < 3; k++) {
        const i = (k + 1) % 3;
        const j = (k + 2) % 3;
        let ji = 0;
        let ij = 0;
        for (let c = 0; c < 3; c++) {
          ji += r[3 * j + c] * p[3 * i + c];
          ij += r[3 * i + c] * p[3 * j + c];
        }
        w[k] += gain * ((ji - ij) / (2 * dt) - w[k]);
        const change = gain * ((offset[k] - this.#previousOffset[k]) / dt - v[k]);
        v[k] += change;
        this.comAcceleration[k] += gain * (change / dt - this.comAcceleration[k]);
      }
    }
    this.#started = true;
    p.set(r);
    this.#previousOffset.set(offset);
  }
}

/** Columns x, y, z of the feet's frame in the world of the soles; `flat` puts z upright. */
function footFrame([left, right]: readonly [Foothold, Foothold], flat: boolean, out: Float64Array): void {
  const a = left.rotation;
  const b = right.rotation;
  let zx = flat ? 0 : a[2] + b[2];
  let zy = flat ? 0 : a[5] + b[5];
  let zz = flat ? 1 : a[8] + b[8];
  const z = Math.sqrt(zx * zx + zy * zy + zz * zz);
  zx /= z;
  zy /= z;
  zz /= z;
  let xx = a[0] + b[0];
  let xy = a[3] + b[3];
  let xz = a[6] + b[6];
  const along = xx * zx + xy * zy + xz * zz;
  xx -= along * zx;
  xy -= along * zy;
  xz -= along * zz;
  const x = Math.sqrt(xx * xx + xy * xy + xz * xz);
  xx /= x;
  xy /= x;
  xz /= x;
  out[0] = xx;
  out[3] = xy;
  out[6] = xz;
  out[1] = zy * xz - zz * xy;
  out[4] = zz * xx - zx * xz;
  out[7] = zx * xy - zy * xx;
  out[2] = zx;
  out[5] = zy;
  out[8] = zz;
}
