import { BufferAttribute, BufferGeometry, Points, PointsMaterial } from 'three';
import type { PointCloud } from './messages.js';

/** m */
const SIZE = 0.012;

/** The coloured points of the cameras, in the axes of base_link. */
export class CloudView {
  readonly points = new Points(new BufferGeometry(), new PointsMaterial({ size: SIZE, vertexColors: true }));
  #places = new Float32Array(0);
  #colors = new Float32Array(0);

  constructor() {
    this.points.frustumCulled = false;
    this.points.visible = false;
  }

  /** How many points are shown. */
  get count(): number {
    return this.points.visible ? this.points.geometry.drawRange.count : 0;
  }

  /** @param cloud undefined: none */
  show(cloud: PointCloud | undefined): void {
    this.points.visible = cloud !== undefined;
    if (cloud === undefined) return;
    const count = cloud.width * cloud.height;
    this.#reserve(count);
    const { data, point_step: step, fields } = cloud;
    const view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    const [x, y, z, rgb] = ['x', 'y', 'z', 'rgb'].map((name) => fields.find((field) => field.name === name)?.offset);
    if (x === undefined || y === undefined || z === undefined) return;
    for (let i = 0; i < count; i++) {
      const at = i * step;
      this.#places[3 * i] = view.getFloat32(at + x, true);
      this.#places[3 * i + 1] = view.getFloat32(at + y, true);
      this.#places[3 * i + 2] = view.getFloat32(at + z, true);
      const color = rgb === undefined ? 0x808080 : view.getUint32(at + rgb, true);
      for (let c = 0; c < 3; c++) this.#colors[3 * i + c] = linear(((color >> (16 - 8 * c)) & 255) / 255);
    }
    const { geometry } = this.points;
    for (const name of ['position', 'color']) geometry.getAttribute(name).needsUpdate = true;
    geometry.setDrawRange(0, count);
  }

  #reserve(count: number): void {
    if (3 * count <= this.#places.length) return;
    this.#places = new Float32Array(3 * count);
    this.#colors = new Float32Array(3 * count);
    this.points.geometry.dispose();
    this.points.geometry = new BufferGeometry();
    this.points.geometry.setAttribute('position', new BufferAttribute(this.#places, 3));
    this.points.geometry.setAttribute('color', new BufferAttribute(this.#colors, 3));
  }
}

/** From the brightness of a picture to that of light, as far as eyes care. */
function linear(value: number): number {
  return value ** 2.2;
}
