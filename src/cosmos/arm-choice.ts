import type { Arm } from '../action/action-chunk.js';

/** The other arm takes over only where it is that much likelier to be the right one. */
const TAKE_OVER = 0.8;

/**
 * The arm to move: the likelier one, but the one in use until the other is likelier by far, so that a motion is not
 * given up half-way. P(left) = 1/(1 + e^−logit).
 * @param inUse the arm that moves now, if one does
 */
export function chooseArm(logit: number, inUse: Arm | undefined): Arm {
  const left = 1 / (1 + Math.exp(-logit));
  if (inUse === undefined) return left > 0.5 ? 'left' : 'right';
  if (inUse === 'left') return 1 - left > TAKE_OVER ? 'right' : 'left';
  return left > TAKE_OVER ? 'left' : 'right';
}
