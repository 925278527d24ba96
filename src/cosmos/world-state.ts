import type { ObjectEstimate } from './policy-backend.js';

/** An object with a name, as the WorldState topic lists it. */
export interface NamedObject extends ObjectEstimate {
  name: string;
}

export type Predicate = 'left_of' | 'right_of' | 'in_front_of' | 'behind' | 'on' | 'inside' | 'near';

/** `subject predicate object` holds with `probability`, given the uncertainty of both positions. */
export interface Relation {
  subject: string;
  predicate: Predicate;
  object: string;
  /** 0.5 … 1 */
  probability: number;
}

/** Half extents of an object, m: `radius` in the horizontal plane, `height` from its centre to its top. */
export interface Extent {
  radius: number;
  height: number;
}

/** Least distance between centres for an object to be beside another, m. */
const BESIDE = 0.05;
/** Largest distance between centres for objects to be near each other, m. */
const NEAR = 0.2;

/**
 * Names the objects that a policy perceives.
 * @param names name of each slot (`target` → `red cup`); a slot without one keeps the slot's name
 */
export function nameObjects(
  objects: readonly ObjectEstimate[],
  names: Readonly<Record<string, string>>,
): NamedObject[] {
  return objects.map((object) => ({ ...object, name: names[object.slot] ?? object.slot }));
}

/**
 * Spatial relations between all pairs of objects, as the robot sees them (base_link: x forward, y left, z up). Each is
 * given that is more likely than not. With the difference Δ of two positions normal, of variance σ² = σₐ² + σ_b² along
 * each axis, P(Δ > m) = Φ((Δ − m)/σ); conditions on several axes multiply.
 *
 * @param extents half extents by object name, for `on` and `inside`; without those of the object these two are left out
 */
export function spatialRelations(
  objects: readonly NamedObject[],
  extents: Readonly<Record<string, Extent>> = {},
): Relation[] {
  const relations: Relation[] = [];
  for (const subject of objects) {
    for (const object of objects) {
      if (subject === object) continue;
      const add = (predicate: Predicate, probability: number) => {
        if (probability > 0.5) relations.push({ subject: subject.name, predicate, object: object.name, probability });
      };
      const deviation = Math.max(1e-6, Math.hypot(subject.standardDeviation, object.standardDeviation));
      const above = (value: number, margin: number) => normalCdf((value - margin) / deviation);
      const [dx, dy, dz] = subject.position.map((value, i) => value - object.position[i]!) as [number, number, number];
      const horizontal = Math.hypot(dx, dy);
      add('in_front_of', above(-dx, BESIDE));
      add('behind', above(dx, BESIDE));
      add('left_of', above(dy, BESIDE));
      add('right_of', above(-dy, BESIDE));
      add('near', 1 - above(Math.hypot(horizontal, dz), NEAR));
      const extent = extents[object.name];
      if (extent === undefined) continue;
      const over = 1 - above(horizontal, extent.radius);
      const higher = above(dz, extent.height);
      add('on', over * higher);
      add('inside', over * (1 - higher) * above(dz, -extent.height));
    }
  }
  return relations;
}

/** Φ(z), the standard normal distribution function, within 2·10⁻⁷ (Abramowitz and Stegun 7.1.26). */
export function normalCdf(z: number): number {
  const x = Math.abs(z) / Math.SQRT2;
  const t = 1 / (1 + 0.3275911 * x);
  const polynomial = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  const erf = 1 - polynomial * Math.exp(-x * x);
  return z < 0 ? (1 - erf) / 2 : (1 + erf) / 2;
}
