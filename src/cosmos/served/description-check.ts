import type { Embodiment } from './embodiment.js';
import { stateSize } from './embodiment-input.js';
import { actionWidth } from './embodiment-output.js';
import type { ServerDescription } from './policy-client.js';

/**
 * Compares an embodiment map with what the server says of itself, as far as it tells.
 * @throws Error naming what the server does not know, or has in another shape
 */
export function checkDescription(embodiment: Embodiment, server: ServerDescription): void {
  const { policy, images, states, actions, instruction } = embodiment;
  const compare = (kind: string, used: readonly string[], known: readonly string[] | undefined) => {
    const missing = known === undefined ? [] : [...new Set(used)].filter((name) => !known.includes(name));
    if (missing.length === 0) return;
    const knows = known!.join(', ') || 'none';
    throw new Error(`policy ${policy}: the server knows no ${kind} ${missing.join(', ')}; it knows ${knows}`);
  };
  compare('image', Object.keys(images), server.images);
  compare('state', Object.keys(states), server.states);
  compare('instruction', [instruction], server.texts);
  compare(
    'action',
    actions.map(({ from }) => from),
    server.actions,
  );

  const refuse = (kind: string, name: string, has: readonly number[], wants: string) => {
    throw new Error(`policy ${policy}: the server has ${kind} ${name} as ${describe(has)}; the map, as ${wants}`);
  };
  const match = (kind: string, name: string, wanted: readonly number[]) => {
    const shape = server.shapes?.get(name);
    if (shape === undefined) return;
    const fits = shape.length === wanted.length && shape.every((size, i) => size === -1 || size === wanted[i]);
    if (!fits) refuse(kind, name, shape, describe(wanted));
  };
  for (const [name, { ages, height, width }] of Object.entries(images)) {
    match('image', name, [ages.length, height, width, 3]);
  }
  for (const [name, parts] of Object.entries(states)) match('state', name, [stateSize(parts)]);
  for (const part of actions) {
    const shape = server.shapes?.get(part.from);
    const width = shape?.at(-1) ?? -1;
    const wanted = part.columns?.[1] ?? actionWidth(part);
    if (width !== -1 && (part.columns === undefined ? width !== wanted : width < wanted)) {
      refuse('action', part.from, shape!, `rows of ${part.columns === undefined ? wanted : `at least ${wanted}`}`);
    }
  }
}

function describe(shape: readonly number[]): string {
  return shape.map((size) => (size === -1 ? '?' : size)).join('×');
}
