import type { Endpoint } from '../../ros/endpoints.js';

/** A transform of the tree: the frames it connects. */
export interface Edge {
  readonly parent: string;
  readonly child: string;
}

/** A topic and those at its ends. */
export interface TopicEnds {
  readonly topic: string;
  readonly publishers: readonly Endpoint[];
  readonly subscriptions: readonly Endpoint[];
}

/**
 * Subscriptions that a publisher of their topic does not serve: another type, or more asked for than is offered.
 * @returns a sentence for each
 */
export function mismatches({ topic, publishers, subscriptions }: TopicEnds): string[] {
  return subscriptions.flatMap((subscription) =>
    publishers.flatMap((publisher) => {
      const why = mismatch(publisher, subscription);
      return why === undefined ? [] : [`${topic}: ${subscription.node} does not hear ${publisher.node}: ${why}`];
    }),
  );
}

function mismatch({ type: offeredType, qos: offered }: Endpoint, { type, qos }: Endpoint): string | undefined {
  if (type !== offeredType) return `it expects ${type}, not ${offeredType}`;
  if (qos.reliability === 'reliable' && offered.reliability === 'best_effort') {
    return 'it asks for reliable, offered is best effort';
  }
  if (qos.durability === 'transient_local' && offered.durability === 'volatile') {
    return 'it asks for transient local, offered is volatile';
  }
  return undefined;
}

/**
 * What is wrong with a transform tree: frames with two parents, several roots, cycles, `base_link` missing.
 * @returns a sentence for each
 */
export function treeProblems(edges: readonly Edge[]): string[] {
  const parents = new Map<string, string>();
  const problems: string[] = [];
  for (const { parent, child } of edges) {
    const known = parents.get(child);
    if (known !== undefined && known !== parent) problems.push(`${child} has two parents, ${known} and ${parent}`);
    parents.set(child, parent);
  }
  const frames = new Set(edges.flatMap(({ parent, child }) => [parent, child]));
  const roots = [...frames].filter((frame) => !parents.has(frame));
  if (roots.length > 1) problems.push(`the tree is in pieces, with the roots ${roots.join(', ')}`);
  const looping = [...frames].find((frame) => isInLoop(frame, parents));
  if (looping !== undefined) problems.push(`${looping} is its own ancestor`);
  if (!frames.has('base_link')) problems.push('there is no base_link');
  return problems;
}

function isInLoop(frame: string, parents: ReadonlyMap<string, string>): boolean {
  let at: string | undefined = frame;
  for (let steps = 0; steps <= parents.size; steps++) {
    at = parents.get(at);
    if (at === undefined) return false;
    if (at === frame) return true;
  }
  return false;
}
