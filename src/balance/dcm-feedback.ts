import type { BodyModel } from './body-model.js';
import type { BodyReference } from './body-reference.js';
import type { SupportPolygon } from './support-polygon.js';

/**
 * Feedback of the divergent component of motion. With the centre of mass c and ω = √(g/z), ξ = c + ċ/ω moves by
 * ξ̇ = ω(ξ − p) while the centre of pressure p accelerates the centre of mass by c̈ = ω²(c − p); so
 *   p = ξ − ξ̇_ref/ω + (k/ω)(ξ − ξ_ref)
 * brings it back with ξ̇ − ξ̇_ref = −k(ξ − ξ_ref) (Englsberger, Ott, Albu-Schäffer: Three-dimensional bipedal walking
 * control based on divergent component of motion, T-RO 2015). Allocates nothing after construction.
 */
export class DcmFeedback {
  /** x, y in odom, m: the DCM, its reference, and the centre of pressure asked for. */
  readonly dcm = new Float64Array(2);
  readonly reference = new Float64Array(2);
  readonly pressure = new Float64Array(2);
  /** Distance of the DCM from the edge of the support, m. */
  captureMargin = 0;
  readonly #gain: number;

  /** @param gain k, 1/s */
  constructor(gain: number) {
    this.#gain = gain;
  }

  /** Leaves the centre of pressure wherever it would have to be. @param support of the soles that bear */
  update(model: BodyModel, reference: BodyReference, support: SupportPolygon): void {
    const omega = reference.frequency;
    for (let k = 0; k < 2; k++) {
      const rate = reference.comVelocity[k] + reference.comAcceleration[k] / omega;
      this.dcm[k] = model.com[k] + model.comVelocity[k] / omega;
      this.reference[k] = reference.com[k] + reference.comVelocity[k] / omega;
      this.pressure[k] = this.dcm[k] + (this.#gain * (this.dcm[k] - this.reference[k]) - rate) / omega;
    }
    this.captureMargin = support.margin(this.dcm[0], this.dcm[1]);
  }
}
