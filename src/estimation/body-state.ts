import { BodyModel } from '../balance/body-model.js';
import { SupportPolygon } from '../balance/support-polygon.js';
import type { Robot } from '../robot/robot.js';
import type { BaseEstimate } from './base-estimate.js';
import { GRAVITY } from './error-covariance.js';

/** A foot that is more likely loaded than not supports. */
const SUPPORTS = 0.5;
/** Least height of the centre of mass over the floor for which a capture point has a meaning, m. */
const LOWEST = 0.1;

/** Centre of mass, divergent component of motion and support, from the base's estimate and all joints. */
export class BodyState {
  /** m and m/s, odom. */
  readonly centerOfMass = new Float64Array(3);
  readonly centerOfMassVelocity = new Float64Array(3);
  /** Divergent component of motion on the floor, m, odom. */
  readonly divergentComponent = new Float64Array(3);
  /** Middle of each sole, m, odom: left, right. */
  readonly soles: readonly [Float64Array, Float64Array];
  /** Distance of the centre of mass and of the divergent component to the support's nearest edge, m; NaN in the air. */
  supportMargin = Number.NaN;
  divergentMargin = Number.NaN;
  readonly #model: BodyModel;
  readonly #support: SupportPolygon;

  static async create(robot: Robot): Promise<BodyState> {
    return new BodyState(await BodyModel.create(robot));
  }

  private constructor(model: BodyModel) {
    this.#model = model;
    this.#support = new SupportPolygon(model.soleSize);
    this.soles = [model.feet[0].position, model.feet[1].position];
  }

  /**
   * ξ = c + ċ/ω, ω = √(g/h), on the floor: what the centre of mass comes to stand above when the pressure is there
   * (J. Englsberger et al., "Three-dimensional bipedal walking control based on divergent component of motion", 2015).
   * @param positions rad @param velocities rad/s; of all joints
   */
  update(positions: Float64Array, velocities: Float64Array, estimate: BaseEstimate): void {
    const model = this.#model;
    model.update(positions, velocities, estimate);
    this.centerOfMass.set(model.com);
    this.centerOfMassVelocity.set(model.comVelocity);
    const [left, right] = [estimate.contact[0] > SUPPORTS, estimate.contact[1] > SUPPORTS];
    const [first, second] = model.feet;
    const feet = left === right ? model.feet : left ? ([first, first] as const) : ([second, second] as const);
    const floor = 0.5 * (feet[0].position[2] + feet[1].position[2]);
    const omega = Math.sqrt(GRAVITY / Math.max(LOWEST, model.com[2] - floor));
    for (let k = 0; k < 2; k++) this.divergentComponent[k] = model.com[k] + model.comVelocity[k] / omega;
    this.divergentComponent[2] = floor;
    if (!left && !right) {
      this.supportMargin = Number.NaN;
      this.divergentMargin = Number.NaN;
      return;
    }
    this.#support.update(feet);
    this.supportMargin = this.#support.margin(model.com[0], model.com[1]);
    this.divergentMargin = this.#support.margin(this.divergentComponent[0], this.divergentComponent[1]);
  }

  /** Releases the engine's memory. */
  delete(): void {
    this.#model.delete();
  }
}
