import { z } from 'zod';
import { quantity } from '../config/quantity.js';

const distance = quantity('m', { min: 0 });
/** For how long it must hold. */
const hold = quantity('s', { min: 0 });
const point = z.tuple([quantity('m'), quantity('m'), quantity('m')]);

/** Kinds of success, each judged on ground truth about an instruction's target and receptacle. */
export const criterionSchema = z.discriminatedUnion('test', [
  /** The target's centre inside the receptacle (in its frame: |x|, |y|, 0 < z < below), no hand nearer than `released`. */
  z.strictObject({
    test: z.literal('placed'),
    inside: z.strictObject({ x: distance, y: distance, below: distance }),
    released: distance,
    hold,
  }),
  /** The target's joint, or that of the body that carries it, at least or at most this far open (0 … 1), hands away. */
  z.strictObject({
    test: z.literal('opened'),
    at_least: z.number().min(0).max(1).default(0),
    at_most: z.number().min(0).max(1).default(1),
    released: distance.default(0),
    hold,
  }),
  /** A point of the target (in its frame) within a distance of a point of the receptacle (in its frame). */
  z.strictObject({
    test: z.literal('touched'),
    tip: point,
    at: point.default([0, 0, 0]),
    within: distance,
    hold,
  }),
  /** The target in a hand (nearer than `near` to a gripper) and at least `away` from the receptacle: taken over from it. */
  z.strictObject({
    test: z.literal('taken'),
    near: distance,
    away: distance,
    hold,
  }),
  /** A gripper within a distance of the target's centre, the robot having touched none of the bodies `untouched`. */
  z.strictObject({
    test: z.literal('reached'),
    within: distance,
    untouched: z.array(z.string()).default([]),
    hold,
  }),
]);

/** When an instruction is carried out. */
export type SuccessCriterion = z.output<typeof criterionSchema>;
