/** Light and surroundings. Colours are linear (not sRGB) red, green, blue; 1 is white paper in full light. */
export interface RenderStyle {
  /** Direction towards the light, in the world; need not be of unit length. */
  readonly lightDirection: readonly [number, number, number];
  /** Light from that direction. */
  readonly light: readonly [number, number, number];
  /** Ambient light on surfaces that face up, and on those that face down. */
  readonly skyLight: readonly [number, number, number];
  readonly groundLight: readonly [number, number, number];
  /** Background at the horizon, into which the floor fades, and straight up. */
  readonly horizon: readonly [number, number, number];
  readonly zenith: readonly [number, number, number];
  /** Distance at which the floor has faded by half, m. */
  readonly fadeDistance: number;
}

/** A bright laboratory: warm light from ahead and the left of the robot, cool light from the ceiling. */
export const LABORATORY: RenderStyle = {
  lightDirection: [0.6, 0.45, 1],
  light: [0.86, 0.82, 0.75],
  skyLight: [0.42, 0.45, 0.5],
  groundLight: [0.17, 0.16, 0.15],
  horizon: [0.68, 0.71, 0.74],
  zenith: [0.3, 0.4, 0.52],
  fadeDistance: 9,
};
