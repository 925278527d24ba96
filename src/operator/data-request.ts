import { z } from 'zod';

const id = z.number().int().nonnegative();
const parameterNames = z.array(z.string());
const request = z.discriminatedUnion('op', [
  z.looseObject({ op: z.literal('subscribe'), subscriptions: z.array(z.looseObject({ id, channelId: id })) }),
  z.looseObject({ op: z.literal('unsubscribe'), subscriptionIds: z.array(id) }),
  z.looseObject({
    op: z.literal('advertise'),
    channels: z.array(z.looseObject({ id, topic: z.string(), encoding: z.string(), schemaName: z.string() })),
  }),
  z.looseObject({ op: z.literal('unadvertise'), channelIds: z.array(id) }),
  z.looseObject({ op: z.literal('getParameters'), parameterNames, id: z.string().optional() }),
  z.looseObject({
    op: z.literal('setParameters'),
    parameters: z.array(z.looseObject({ name: z.string() })),
    id: z.string().optional(),
  }),
  z.looseObject({ op: z.literal('subscribeParameterUpdates'), parameterNames }),
  z.looseObject({ op: z.literal('unsubscribeParameterUpdates'), parameterNames }),
  z.looseObject({ op: z.literal('subscribeConnectionGraph') }),
  z.looseObject({ op: z.literal('unsubscribeConnectionGraph') }),
]);

/** What a client of the data protocol asks for by a text frame: those operations of Foxglove's protocol that are served. */
export type DataRequest = z.infer<typeof request>;

/** @throws Error that says what is wrong with a frame */
export function parseDataRequest(text: string): DataRequest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new Error('a text frame that is no JSON');
  }
  const parsed = request.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new Error(`no request of the protocol: ${issue?.path.join('.') || 'frame'}: ${issue?.message}`);
}
