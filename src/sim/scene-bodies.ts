import { z } from 'zod';
import { quantity } from '../config/quantity.js';

const position = z.tuple([quantity('m'), quantity('m'), quantity('m')]);
const rotation = z.tuple([quantity('rad'), quantity('rad'), quantity('rad')]);
const part = z.strictObject({
  shape: z.enum(['box', 'cylinder', 'sphere', 'capsule']),
  /**
   * Extent along x, y, z for a box; radius, radius, length (of a capsule: between the centres of its ends) for a cylinder
   * and a capsule, along z; radius for a sphere.
   */
  size: z.tuple([quantity('m', { above: 0 }), quantity('m', { above: 0 }), quantity('m', { above: 0 })]),
  position: position.default([0, 0, 0]),
  rotation: rotation.default([0, 0, 0]),
  color: z.tuple([z.number(), z.number(), z.number()]),
  solid: z.boolean().default(true),
  finish: z.enum(['plain', 'wood']).default('plain'),
});
const joint = z
  .strictObject({
    type: z.enum(['hinge', 'slide']),
    /** Axis, and for a hinge a point on it, in the body's frame. */
    axis: z.tuple([z.number(), z.number(), z.number()]),
    position: position.default([0, 0, 0]),
    /** Limits of the joint, rad or m: 0 and what it opens to. */
    range: z.tuple([z.unknown(), z.unknown()]),
    /** N·m·s/rad or N·s/m, and N·m or N. */
    damping: z.number().min(0).default(0),
    friction: z.number().min(0).default(0),
  })
  .transform(({ range, ...rest }, context) => {
    const limit = quantity(rest.type === 'hinge' ? 'rad' : 'm');
    const parsed = z.tuple([limit, limit]).safeParse(range);
    if (parsed.success && parsed.data[0] < parsed.data[1]) return { ...rest, range: parsed.data };
    const message = parsed.success ? 'expected two limits that rise' : parsed.error.issues[0]!.message;
    context.addIssue({ code: 'custom', message, path: ['range'], input: range });
    return z.NEVER;
  });
const body = z
  .strictObject({
    /** Stays in its place in the world or in its parent. */
    fixed: z.boolean().default(false),
    /** Moves along a path that nothing can disturb. */
    kinematic: z.boolean().default(false),
    /** The body that carries it; without one it stands in the world. */
    parent: z.string().optional(),
    /** How it moves in its parent. */
    joint: joint.optional(),
    /** Kind of object; the last word of the name where it is left out. */
    class: z.string().optional(),
    position,
    /** Roll, pitch and yaw (about fixed axes x, y, z). */
    rotation: rotation.default([0, 0, 0]),
    mass: quantity('kg', { above: 0 }).optional(),
    /** Coefficient of sliding friction of its surfaces, whatever they touch. */
    friction: z.number().min(0).optional(),
    parts: z.array(part).min(1),
  })
  .refine(
    ({ fixed, kinematic, joint: moves }) => Number(fixed) + Number(kinematic) + Number(moves !== undefined) <= 1,
    {
      message: 'is more than one of fixed, kinematic and with a joint',
    },
  );

export const sceneSchema = z
  .strictObject({
    robot: z.strictObject({ posture: z.string(), pelvis_height: quantity('m', { above: 0 }) }),
    bodies: z.record(z.string(), body),
  })
  .superRefine(({ bodies }, context) => {
    const names = Object.keys(bodies);
    for (const [i, name] of names.entries()) {
      const { parent, fixed, joint: moves } = bodies[name]!;
      const issue = (key: string, message: string, input: unknown) =>
        context.addIssue({ code: 'custom', path: ['bodies', name, key], message, input });
      if (moves !== undefined && parent === undefined) issue('joint', 'needs a parent in which the body moves', moves);
      if (parent === undefined) continue;
      const carrier = bodies[parent];
      if (!fixed && moves === undefined)
        issue('parent', 'of a body that moves freely; it is fixed or has a joint', parent);
      if (carrier === undefined || names.indexOf(parent) > i) {
        issue('parent', `is no body before this one; there are ${names.slice(0, i).join(', ')}`, parent);
      } else if (!carrier.fixed && carrier.joint === undefined && moves !== undefined) {
        issue('parent', 'moves freely; a body with a joint hangs on a fixed one or on one with a joint', parent);
      }
    }
  });

/** A primitive of a body, in the body's frame; metres, rgb 0…1. */
export type ScenePart = z.output<typeof part>;
/** A rigid body of a scene. */
export type SceneBody = z.output<typeof body>;
/** A hinge or a slide between a body and its parent. */
export type SceneJoint = z.output<typeof joint>;
/** What surrounds the robot: `config/scenes/*.yaml`. World frame: z up, origin on the floor below the pelvis. */
export type Scene = z.output<typeof sceneSchema>;

/** How a body moves: where it stands, on its joint, along its path, or freely. */
export type BodyMotion = 'fixed' | 'joint' | 'kinematic' | 'free';

/** How a body moves in its parent or in the world. */
export function bodyMotion({ fixed, kinematic, joint: moves }: SceneBody): BodyMotion {
  if (fixed) return 'fixed';
  if (kinematic) return 'kinematic';
  return moves === undefined ? 'free' : 'joint';
}

/** Names of the bodies that move in a way, in the order of their coordinates. */
export function bodiesThatMove(scene: Scene, motion: BodyMotion): string[] {
  return Object.keys(scene.bodies).filter((name) => bodyMotion(scene.bodies[name]!) === motion);
}

/** Kind of object that a body is. */
export function bodyClass(name: string, { class: kind }: SceneBody): string {
  return kind ?? name.slice(name.lastIndexOf('_') + 1);
}

/** Whether a body stands in another one, at any depth. */
export function carriedBy(scene: Scene, name: string, carrier: string): boolean {
  const { parent } = scene.bodies[name]!;
  return parent !== undefined && (parent === carrier || carriedBy(scene, parent, carrier));
}

/** The nearest body on a joint among a body and what carries it. */
export function bodyOnJoint(scene: Scene, name: string): string | undefined {
  const { joint: moves, parent } = scene.bodies[name]!;
  if (moves !== undefined) return name;
  return parent === undefined ? undefined : bodyOnJoint(scene, parent);
}
