import { ACTION_DIMENSION, type ActionNormalisation } from '../action/action-space.js';
import type { ObjectEstimate } from './policy-backend.js';

/** Spread of the candidates at which confidence has halved, m. */
const HALVING_SPREAD = 0.03;
/** Standard deviation of the target's position at which confidence has halved, m. */
const HALVING_DEVIATION = 0.03;
/** Farthest that a waypoint may lie from the demonstrations' mean, in their standard deviations. */
const COVERED_DEVIATIONS = 4;

/**
 * The candidate to execute: the one that is closest to the others (the medoid) and, where a chunk is under execution,
 * to what is left of it. Distance is the root mean square difference in standard deviations of the
 * demonstrations; the cost of candidate i is mean_j d(i, j) + d(i, previous).
 *
 * @param actions candidates × horizon × 7, physical units
 * @param previous waypoints × 7 ahead, relative to the same anchor; more waypoints than the horizon are ignored
 * @returns its index
 */
export function selectCandidate(
  actions: Float64Array,
  normalisation: ActionNormalisation,
  previous: Float64Array = new Float64Array(0),
): number {
  const costs = distancesOf(actions, normalisation, previous).map(({ others, before }) => others + before);
  return costs.indexOf(Math.min(...costs));
}

/** Distances of a candidate, in standard deviations of the demonstrations. */
interface CandidateDistances {
  /** Mean distance to the other candidates. */
  readonly others: number;
  /** To what is left of the chunk under execution; 0 where there is none. */
  readonly before: number;
}

function distancesOf(
  actions: Float64Array,
  normalisation: ActionNormalisation,
  previous: Float64Array,
): CandidateDistances[] {
  const size = normalisation.mean.length;
  const deviation = normalisation.standardDeviation;
  const distance = (a: Float64Array, b: Float64Array, length: number) => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += ((a[i]! - b[i]!) / deviation[i]!) ** 2;
    return length === 0 ? 0 : Math.sqrt(sum / length);
  };
  const candidates = Array.from({ length: actions.length / size }, (_, i) =>
    actions.subarray(i * size, (i + 1) * size),
  );
  return candidates.map((candidate) => ({
    others:
      candidates.reduce((sum, other) => sum + distance(candidate, other, size), 0) / Math.max(1, candidates.length - 1),
    before: distance(candidate, previous, Math.min(previous.length, size)),
  }));
}

/**
 * Why each candidate is not carried out, in words; '' for the one that is. What counts in {@link selectCandidate} where
 * it is worse than the best, with both distances (σ: standard deviations of the demonstrations); and what no
 * demonstration covered.
 * @param actions candidates × horizon × 7, physical units
 * @param feasibility of each candidate, see {@link feasibilityOf}
 */
export function rejectionsOf(
  actions: Float64Array,
  normalisation: ActionNormalisation,
  best: number,
  feasibility: ArrayLike<number>,
  previous: Float64Array = new Float64Array(0),
): string[] {
  const distances = distancesOf(actions, normalisation, previous);
  const chosen = distances[best]!;
  const horizon = normalisation.mean.length / ACTION_DIMENSION;
  return distances.map(({ others, before }, i) => {
    if (i === best) return '';
    const compare = (from: string, own: number, other: number) =>
      own > other ? [`farther from ${from} (${own.toFixed(2)} against ${other.toFixed(2)} σ)`] : [];
    const untaught = Math.round((1 - feasibility[i]!) * horizon);
    const reasons = [
      ...compare('the others', others, chosen.others),
      ...compare('the motion under way', before, chosen.before),
      ...(untaught > 0 ? [`${untaught} of ${horizon} waypoints beyond what was demonstrated`] : []),
    ];
    return reasons.join('; ') || 'as good as the chosen one';
  });
}

/**
 * How far a prediction is to be trusted, 0 … 1: 1/(1 + (s/s₀)²) · 1/(1 + (σ/σ₀)²), where s is the root mean square
 * distance (m) of the candidates' waypoints from their mean and σ the standard deviation (m) of the position of the
 * object that the instruction names; s₀ = σ₀ = 3 cm. It falls with doubt but is not a probability of success.
 *
 * @param actions candidates × horizon × 7, physical units
 */
export function confidenceOf(actions: Float64Array, candidates: number, target: ObjectEstimate | undefined): number {
  const size = actions.length / candidates;
  let sum = 0;
  for (let waypoint = 0; waypoint < size; waypoint += ACTION_DIMENSION) {
    for (let axis = 0; axis < 3; axis++) {
      let mean = 0;
      let square = 0;
      for (let k = 0; k < candidates; k++) {
        const value = actions[k * size + waypoint + axis]!;
        mean += value / candidates;
        square += value ** 2 / candidates;
      }
      sum += Math.max(0, square - mean ** 2);
    }
  }
  const squareSpread = sum / (size / ACTION_DIMENSION);
  const deviation = target?.standardDeviation ?? 0;
  return 1 / (1 + squareSpread / HALVING_SPREAD ** 2) / (1 + (deviation / HALVING_DEVIATION) ** 2);
}

/**
 * For each candidate, the share of its waypoints all of whose numbers lie within four standard deviations of the
 * demonstrations: what lies outside, the policy has not been taught.
 * @param actions candidates × horizon × 7, physical units
 */
export function feasibilityOf(
  actions: Float64Array,
  candidates: number,
  normalisation: ActionNormalisation,
): Float64Array {
  const normalised = normalisation.normalise(actions);
  const horizon = actions.length / candidates / ACTION_DIMENSION;
  return Float64Array.from({ length: candidates }, (_, k) => {
    let covered = 0;
    for (let waypoint = 0; waypoint < horizon; waypoint++) {
      const at = (k * horizon + waypoint) * ACTION_DIMENSION;
      const values = normalised.subarray(at, at + ACTION_DIMENSION);
      if (values.every((value) => Math.abs(value) <= COVERED_DEVIATIONS)) covered++;
    }
    return covered / horizon;
  });
}
