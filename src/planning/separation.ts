/** What the protective separation distance is made of besides speeds. */
export interface SeparationOptions {
  /** Speed at which a person may come nearer whatever is measured, m/s (ISO 13855: 1.6, walking). */
  readonly humanSpeed: number;
  /** Time from a measurement to the robot's first reaction, besides the age of the measurement, s. */
  readonly reactionTime: number;
  /** Time in which the robot comes from full speed to standstill, s. */
  readonly stopTime: number;
  /** How far a part of the body may reach beyond what is tracked, C, m. */
  readonly intrusion: number;
  /** Uncertainty of the tracked position, Z_d, m. */
  readonly sensorUncertainty: number;
  /** Uncertainty of the robot's position, Z_r, m. */
  readonly robotUncertainty: number;
}

export const separationDefaults: SeparationOptions = {
  humanSpeed: 1.6,
  reactionTime: 0.1,
  stopTime: 0.25,
  intrusion: 0.1,
  sensorUncertainty: 0.05,
  robotUncertainty: 0.02,
};

/** Speeds of a person and of the robot's nearest part towards each other. */
export interface Approach {
  /** Of the person, m/s. */
  human: number;
  /** Of the robot at full speed, m/s. */
  robot: number;
  /** Reaction time with the age of the measurement, s. */
  reaction: number;
}

/**
 * The protective separation distance of ISO/TS 15066, 5.5.4.2.3, m:
 *   S = S_h + S_r + S_s + C + Z_d + Z_r
 * for a robot that goes along its path at the scale s of its full speed v, and comes to rest at a constant rate: from
 * full speed in T, so from scale s in s·T, on the way s²·v·T/2. With the person's speed v_h and the reaction time T_r:
 *   S_h = v_h·(T_r + s·T),   S_r = s·v·T_r,   S_s = s²·v·T/2
 */
export function protectiveDistance(scale: number, { human, robot, reaction }: Approach, o: SeparationOptions): number {
  const humanWay = human * (reaction + scale * o.stopTime);
  const reactionWay = scale * robot * reaction;
  const stoppingWay = (scale * scale * robot * o.stopTime) / 2;
  return humanWay + reactionWay + stoppingWay + o.intrusion + o.sensorUncertainty + o.robotUncertainty;
}

/**
 * The largest scale, 0…1, whose protective distance is not more than `distance`; 0 also below the least distance
 * S(0). It solves S(s) = d, a·s² + b·s = c with a = v·T/2, b = v_h·T + v·T_r, c = d − S(0):
 *   s = 2c/(b + √(b² + 4a·c))
 *
 * A robot that follows it brakes no faster than it can: as the distance shrinks at v_h + s·v, the scale falls at
 * (v_h + s·v)/(v_h·T + v·T_r + s·v·T) ≤ 1/T.
 */
export function allowedScale(distance: number, approach: Approach, o: SeparationOptions): number {
  const { human, robot, reaction } = approach;
  const a = (robot * o.stopTime) / 2;
  const b = human * o.stopTime + robot * reaction;
  const c = distance - protectiveDistance(0, approach, o);
  if (!(c > 0)) return 0;
  return c >= a + b ? 1 : (2 * c) / (b + Math.sqrt(b * b + 4 * a * c));
}
