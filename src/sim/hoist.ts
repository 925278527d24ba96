import type { MainModule, MjData, MjModel } from '@mujoco/mujoco';
import type { Hoist } from '../control/hoist.js';
import { ObjectType } from '../robot/mujoco.js';

/** Height of the hooks, and of the spreader over the pelvis, m. */
const HOOK = 2.6;
const ABOVE = 0.5;
/** Corners of the spreader in the pelvis' axes, m: the centre of mass stays between them wherever the arms are. */
const CORNERS = [
  [0.35, 0.3],
  [0.35, -0.3],
  [-0.25, 0.3],
  [-0.25, -0.3],
] as const;
/** Length of a slack strap, m. */
const SLACK = 10;
/** Straps yield within this time constant, s. */
const GIVE = 0.02;

/** The parts of the hoist's MJCF: hooks in the world, corners on the pelvis, straps, and the sensors of their forces. */
export function hoistElements(): { hooks: string; corners: string; straps: string; loads: string } {
  const each = (element: (i: number, corner: readonly [number, number]) => string) =>
    CORNERS.map((corner, i) => element(i, corner)).join('');
  return {
    hooks: each((i, [x, y]) => `<site name="hoist_hook_${i}" pos="${x} ${y} ${HOOK}"/>`),
    corners: each((i, [x, y]) => `<site name="hoist_corner_${i}" pos="${x} ${y} ${ABOVE}"/>`),
    straps: each(
      (i) =>
        `<spatial name="hoist_${i}" limited="true" range="0 ${SLACK}" solreflimit="${GIVE} 1"><site site="hoist_hook_${i}"/><site site="hoist_corner_${i}"/></spatial>`,
    ),
    loads: each((i) => `<tendonlimitfrc name="hoist_${i}" tendon="hoist_${i}"/>`),
  };
}

interface Views {
  readonly sites: Float64Array;
  readonly places: Float64Array;
  readonly ranges: Float64Array;
  readonly sensordata: Float64Array;
}

/**
 * The simulated hoist: a spreader on four straps whose hooks ride on a trolley above it. The straps are adjusted to the
 * robot as it stands, so that all draw at once and it is lifted as it stands.
 */
export class SimulatedHoist implements Hoist {
  readonly #model: MjModel;
  readonly #data: MjData;
  readonly #hooks: Int32Array;
  readonly #corners: Int32Array;
  readonly #straps: Int32Array;
  readonly #loads: Int32Array;
  #fetched: Views;
  #attached = false;
  #drawn = 0;

  /** @param model of a scene with `hoistElements` */
  constructor(mj: MainModule, model: MjModel, data: MjData) {
    this.#model = model;
    this.#data = data;
    const ids = (type: number, name: string) =>
      Int32Array.from(CORNERS, (_, i) => mj.mj_name2id(model, type, `${name}_${i}`));
    this.#hooks = ids(ObjectType.site, 'hoist_hook');
    this.#corners = ids(ObjectType.site, 'hoist_corner');
    this.#straps = ids(ObjectType.tendon, 'hoist');
    this.#loads = ids(ObjectType.sensor, 'hoist').map((sensor) => model.sensor_adr[sensor]!);
    this.#fetched = this.#fetch();
  }

  get drawn(): number {
    return this.#drawn;
  }

  get load(): number {
    const { sensordata } = this.#views();
    let sum = 0;
    for (let i = 0; i < this.#loads.length; i++) sum += Math.abs(sensordata[this.#loads[i]!]!);
    return sum;
  }

  attach(): void {
    const { sites, places, ranges } = this.#views();
    for (let i = 0; i < CORNERS.length; i++) {
      const hook = 3 * this.#hooks[i]!;
      const corner = 3 * this.#corners[i]!;
      for (let k = 0; k < 2; k++) sites[hook + k] = places[corner + k]!;
      ranges[2 * this.#straps[i]! + 1] = sites[hook + 2]! - places[corner + 2]!;
    }
    this.#attached = true;
    this.#drawn = 0;
  }

  detach(): void {
    const { ranges } = this.#views();
    for (let i = 0; i < CORNERS.length; i++) ranges[2 * this.#straps[i]! + 1] = SLACK;
    this.#attached = false;
    this.#drawn = 0;
  }

  draw(length: number): void {
    if (!this.#attached) return;
    const { ranges } = this.#views();
    for (let i = 0; i < CORNERS.length; i++) ranges[2 * this.#straps[i]! + 1]! -= length;
    this.#drawn += length;
  }

  /** The engine's arrays, fetched anew only when growth of its memory detached them. */
  #views(): Views {
    if (this.#fetched.places.length === 0) this.#fetched = this.#fetch();
    return this.#fetched;
  }

  #fetch(): Views {
    return {
      sites: this.#model.site_pos,
      places: this.#data.site_xpos,
      ranges: this.#model.tendon_range,
      sensordata: this.#data.sensordata,
    };
  }
}
