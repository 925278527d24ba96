import type { CameraPose } from './camera-pose.js';
import type { CastTarget } from './cast-target.js';
import type { GeomView } from './geom-view.js';
import type { Occlusion } from './occlusion.js';
import { Finish, GeomType, type RenderScene } from './render-scene.js';
import type { RenderStyle } from './render-style.js';
import { createSurfaceRow, findSurface } from './surface.js';
import { createWoodTexture, paintTiles, paintWood } from './surface-texture.js';
import { createToneTable, linearFromSrgb, TONE_STEPS, TONE_WHITE } from './tone-curve.js';

/** How surfaces reflect. */
export const SHADING = {
  /** Reflectance of varnish at normal incidence (refractive index 1.5). */
  reflectance: 0.04,
  /** Strength of the light's mirror image on varnish. */
  highlight: 0.35,
  /** Share of the horizon's light that is mirrored from below it, at least. */
  floorReflection: 0.4,
  /** Cosine of the angle from the mirrored light beyond which its image has no strength. */
  highlightEdge: 0.8,
} as const;
export type ShadingConstants = typeof SHADING;
const { reflectance: REFLECTANCE, highlight: HIGHLIGHT } = SHADING;
/** Where the colours begin in the shader's table of them. */
const LIGHT = 0;
const SKY = 3;
const GROUND = 6;
const HORIZON = 9;
const ZENITH = 12;
const TO_TONE = (TONE_STEPS - 1) / TONE_WHITE;

/**
 * Turns hits into colours: Lambert's law for one directed light, ambient light that depends on the normal's height,
 * and a clear coat which reflects the light (Phong, exponent 32) and the surroundings (Schlick's approximation).
 * A pixel's colour depends on its ray alone, never on its neighbours.
 */
export class Shader {
  /** Colours of the style: light, sky light less ground light, ground light, horizon, zenith less horizon. */
  readonly #colors = new Float64Array(15);
  readonly #fade: number;
  readonly #occlusion: Occlusion | undefined;
  readonly #tone = createToneTable();
  readonly #wood = createWoodTexture();
  readonly #row;
  /** Brightness of the surfaces' texture in the current row. */
  readonly #texture: Float64Array;
  /** Share of the directed and of the ambient light that reaches the surfaces in the current row. */
  readonly #lit: Float64Array;
  readonly #open: Float64Array;
  /** Linear colour of each geom, n × 3. */
  readonly #albedo: Float64Array;
  /** Unit vector to the light, in the world and in the optical frame. */
  readonly #light = new Float64Array(3);
  readonly #lightSeen = new Float64Array(3);

  /** For images `width` pixels wide of at most `geoms` geoms. */
  constructor(width: number, geoms: number, style: RenderStyle, occlusion: Occlusion | undefined) {
    for (let k = 0; k < 3; k++) {
      this.#colors[LIGHT + k] = style.light[k];
      this.#colors[SKY + k] = style.skyLight[k] - style.groundLight[k];
      this.#colors[GROUND + k] = style.groundLight[k];
      this.#colors[HORIZON + k] = style.horizon[k];
      this.#colors[ZENITH + k] = style.zenith[k] - style.horizon[k];
    }
    this.#fade = 1 / (style.fadeDistance * style.fadeDistance);
    this.#occlusion = occlusion;
    this.#row = createSurfaceRow(width);
    this.#texture = new Float64Array(width).fill(1);
    this.#lit = new Float64Array(width).fill(1);
    this.#open = new Float64Array(width).fill(1);
    this.#albedo = new Float64Array(3 * geoms);
    const [x, y, z] = style.lightDirection;
    const length = Math.sqrt(x * x + y * y + z * z);
    this.#light.set([x / length, y / length, z / length]);
  }

  /** Colours all pixels of `target` into `color` (rgb8), and sets the depth of those that show nothing to 0. */
  shade(target: CastTarget, view: GeomView, scene: RenderScene, pose: CameraPose, color: Uint8Array): void {
    for (let g = 0; g < scene.count; g++) {
      for (let k = 0; k < 3; k++) this.#albedo[3 * g + k] = linearFromSrgb(scene.rgba[4 * g + k]);
    }
    const { rotation } = pose;
    const light = this.#light;
    for (let i = 0; i < 3; i++) {
      this.#lightSeen[i] = rotation[i] * light[0] + rotation[3 + i] * light[1] + rotation[6 + i] * light[2];
    }
    const { geom } = target;
    const { x: rayX, y: rayY } = target.rays;
    const width = rayX.length;
    for (let v = 0; v < rayY.length; v++) {
      const offset = v * width;
      for (let from = 0, to = 0; from < width; from = to) {
        const g = geom[offset + from];
        for (to = from + 1; to < width && geom[offset + to] === g; ) to++;
        if (g < 0) {
          this.#shadeBackground(target, pose, v, from, to, color);
          target.depth.fill(0, offset + from, offset + to);
          continue;
        }
        findSurface(this.#row, target, view, scene, g, v, from, to);
        this.#paint(scene.finish[g], from, to);
        if (this.#occlusion !== undefined) this.#occlude(this.#occlusion, target, pose, v, from, to);
        this.#shadeSurface(target, scene, pose, g, v, from, to, color);
      }
    }
  }

  #paint(finish: number, from: number, to: number): void {
    const { s0, s1 } = this.#row;
    const texture = this.#texture;
    if (finish === Finish.wood) {
      paintWood(this.#wood, s0, s1, texture, from, to);
    } else if (finish === Finish.tiles) {
      paintTiles(s0, s1, texture, from, to);
    } else {
      texture.fill(1, from, to);
    }
  }

  #occlude(occlusion: Occlusion, target: CastTarget, pose: CameraPose, v: number, from: number, to: number): void {
    const { rotation: r, position } = pose;
    const { normalX, normalY, normalZ } = this.#row;
    const { x: rayX, y: rayY } = target.rays;
    const y = rayY[v];
    for (let u = from; u < to; u++) {
      const x = rayX[u];
      const t = target.depth[v * rayX.length + u];
      const px = position[0] + (x * r[0] + y * r[1] + r[2]) * t;
      const py = position[1] + (x * r[3] + y * r[4] + r[5]) * t;
      const pz = position[2] + (x * r[6] + y * r[7] + r[8]) * t;
      const nx = normalX[u] * r[0] + normalY[u] * r[1] + normalZ[u] * r[2];
      const ny = normalX[u] * r[3] + normalY[u] * r[4] + normalZ[u] * r[5];
      const nz = normalX[u] * r[6] + normalY[u] * r[7] + normalZ[u] * r[8];
      this.#lit[u] = occlusion.light(px, py, pz, nx, ny, nz);
      this.#open[u] = occlusion.ambient(px, py, pz, nx, ny, nz);
    }
  }

  #shadeSurface(
    target: CastTarget,
    scene: RenderScene,
    pose: CameraPose,
    g: number,
    v: number,
    from: number,
    to: number,
    color: Uint8Array,
  ): void {
    const { depth } = target;
    const { x: rayX, y: rayY, inverseLength } = target.rays;
    const { normalX, normalY, normalZ } = this.#row;
    const colors = this.#colors;
    const tone = this.#tone;
    const texture = this.#texture;
    const occluded = this.#occlusion !== undefined;
    const shares = this.#lit;
    const opens = this.#open;
    const lx = this.#lightSeen[0];
    const ly = this.#lightSeen[1];
    const lz = this.#lightSeen[2];
    const ux = pose.rotation[6];
    const uy = pose.rotation[7];
    const uz = pose.rotation[8];
    const red = this.#albedo[3 * g];
    const green = this.#albedo[3 * g + 1];
    const blue = this.#albedo[3 * g + 2];
    const lightR = colors[LIGHT];
    const lightG = colors[LIGHT + 1];
    const lightB = colors[LIGHT + 2];
    const groundR = colors[GROUND];
    const groundG = colors[GROUND + 1];
    const groundB = colors[GROUND + 2];
    const skyR = colors[SKY];
    const skyG = colors[SKY + 1];
    const skyB = colors[SKY + 2];
    const horizonR = colors[HORIZON];
    const horizonG = colors[HORIZON + 1];
    const horizonB = colors[HORIZON + 2];
    const gloss = scene.gloss[g];
    const fade = scene.type[g] === GeomType.plane ? this.#fade : 0;
    const y = rayY[v];
    for (let u = from, p = v * rayX.length + from; u < to; u++, p++) {
      const x = rayX[u];
      const nx = normalX[u];
      const ny = normalY[u];
      const nz = normalZ[u];
      const inverse = inverseLength[p];
      const nu = nx * ux + ny * uy + nz * uz;
      const nl = nx * lx + ny * ly + nz * lz;
      const nv = Math.max(0, -(nx * x + ny * y + nz) * inverse);
      const share = occluded ? shares[u] : 1;
      const open = occluded ? opens[u] : 1;
      const lit = nl > 0 ? nl * share : 0;
      // Clear coat: F = F₀ + (1 − F₀)·(1 − n·v)⁵; m = d + 2(n·v)·n is the mirrored ray. Below the horizon the
      // surroundings are darker.
      const graze = 1 - nv;
      const graze2 = graze * graze;
      const coat = gloss * open * (REFLECTANCE + (1 - REFLECTANCE) * graze2 * graze2 * graze);
      const mirrorUp = (x * ux + y * uy + uz) * inverse + 2 * nv * nu;
      const mirrored = coat * Math.max(SHADING.floorReflection, Math.min(1, 1 + mirrorUp));
      const mirrorLight = (x * lx + y * ly + lz) * inverse + 2 * nv * nl;
      let shine = 0;
      if (mirrorLight > SHADING.highlightEdge && lit > 0) {
        const m2 = mirrorLight * mirrorLight;
        const m4 = m2 * m2;
        const m8 = m4 * m4;
        const m16 = m8 * m8;
        shine = HIGHLIGHT * gloss * m16 * m16 * share;
      }
      const brightness = texture[u];
      const sky = 0.5 + 0.5 * nu;
      const direct = lit * brightness;
      const ambient = open * brightness;
      let r = red * (direct * lightR + ambient * (groundR + sky * skyR)) + mirrored * horizonR + shine * lightR;
      let gr = green * (direct * lightG + ambient * (groundG + sky * skyG)) + mirrored * horizonG + shine * lightG;
      let b = blue * (direct * lightB + ambient * (groundB + sky * skyB)) + mirrored * horizonB + shine * lightB;
      if (fade > 0) {
        // Fades with distance s as s² / (s² + fadeDistance²).
        const s = depth[p] / inverse;
        const ratio = s * s * fade;
        const haze = ratio / (1 + ratio);
        r += haze * (horizonR - r);
        gr += haze * (horizonG - gr);
        b += haze * (horizonB - b);
      }
      color[3 * p] = tone[toneIndex(r)];
      color[3 * p + 1] = tone[toneIndex(gr)];
      color[3 * p + 2] = tone[toneIndex(b)];
    }
  }

  #shadeBackground(target: CastTarget, pose: CameraPose, v: number, from: number, to: number, color: Uint8Array): void {
    const { x: rayX, y: rayY, inverseLength } = target.rays;
    const tone = this.#tone;
    const colors = this.#colors;
    const horizonR = colors[HORIZON];
    const horizonG = colors[HORIZON + 1];
    const horizonB = colors[HORIZON + 2];
    const zenithR = colors[ZENITH];
    const zenithG = colors[ZENITH + 1];
    const zenithB = colors[ZENITH + 2];
    const ux = pose.rotation[6];
    const uy = pose.rotation[7];
    const uz = pose.rotation[8];
    const rowUp = rayY[v] * uy + uz;
    for (let u = from, p = v * rayX.length + from; u < to; u++, p++) {
      const up = Math.max(0, (rayX[u] * ux + rowUp) * inverseLength[p]);
      color[3 * p] = tone[toneIndex(horizonR + up * zenithR)];
      color[3 * p + 1] = tone[toneIndex(horizonG + up * zenithG)];
      color[3 * p + 2] = tone[toneIndex(horizonB + up * zenithB)];
    }
  }
}

function toneIndex(linear: number): number {
  return linear < TONE_WHITE ? (linear * TO_TONE) | 0 : TONE_STEPS - 1;
}
