import { z } from 'zod';

const pose = z.array(z.number()).length(7).describe('x, y, z (m) and quaternion x, y, z, w in base_link');
const picture = z.strictObject({
  format: z.enum(['jpeg', 'png', 'rgb8']),
  data: z.string().describe('base64'),
  width: z.int().min(1).max(4096).optional(),
  height: z.int().min(1).max(4096).optional(),
});

/** Body of a request to a network of this package. */
export const inferenceRequest = z.strictObject({
  instruction: z.string().min(1).max(1000).describe('What the robot is to do.'),
  image: picture.describe('What the head camera sees: 320×240 pixels, or another odd multiple of 64×48.'),
  depth: z
    .strictObject({ format: z.enum(['png16', '32fc1']), data: z.string().describe('base64') })
    .describe('Depth of the same pixels: PNG of 16 bits in millimetres, or floats in metres; 0 where there is none.'),
  camera: z.strictObject({
    fx: z.number().positive(),
    fy: z.number().positive(),
    cx: z.number(),
    cy: z.number(),
    pose: pose.describe('Optical frame in base_link: x, y, z (m) and quaternion x, y, z, w.'),
  }),
  joint_positions: z.record(z.string(), z.number()).describe('rad by joint; joints left out are at 0.'),
  commanded_hands: z
    .partialRecord(z.enum(['right', 'left']), z.strictObject({ pose, gripper: z.number().min(0).max(1) }))
    .default({})
    .describe('What each hand is commanded; where it is left out, what is measured, open.'),
  arm: z.enum(['right', 'left']).optional().describe('The arm that moves now, which the policy is loath to change.'),
  num_candidates: z.int().min(1).max(64).default(5),
  steps: z.int().min(1).max(100).default(4).describe('Steps of the action sampler.'),
  seed: z.int().min(0).default(0),
});

/**
 * Body of a request to a policy server. The same body is right for a network of this package; what a server has no use
 * for (depth, camera, arm, num_candidates, steps, seed) may be there and is left alone.
 */
export const servedRequest = inferenceRequest.partial({ depth: true, camera: true }).extend({
  image: picture.describe('What the head camera sees, in any size.'),
  pictures: z
    .record(z.string(), picture)
    .default({})
    .describe('What other cameras see, by their names, such as right_wrist_camera.'),
});

export type InferenceRequest = z.output<typeof inferenceRequest>;
export type ServedRequest = z.output<typeof servedRequest>;

/** @throws Error naming what is wrong with the body, and where */
export function parseRequest<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body, { reportInput: false });
  if (parsed.success) return parsed.data;
  throw new Error(parsed.error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`).join('; '));
}
