import { graphTopics, publishersOf, subscriptionsOf } from './endpoints.js';
import type { RosNode } from './ros-node.js';

/** What connects the nodes: for each topic and service the nodes at its ends. */
type Ends = ReadonlyMap<string, readonly string[]>;

interface Graph {
  readonly published: Ends;
  readonly subscribed: Ends;
  readonly services: Ends;
}

/** Takes a text frame. */
type Send = (text: string) => void;

const NOTHING: Graph = { published: new Map(), subscribed: new Map(), services: new Map() };

/** Tells clients of the data protocol which nodes publish, subscribe and serve what: at first all, then what changes. */
export class BridgeGraph {
  readonly #node: RosNode;
  readonly #clients = new Set<Send>();
  #told: Graph = NOTHING;

  constructor(node: RosNode) {
    this.#node = node;
  }

  /** A client wants to be told, or no longer. */
  subscribe(send: Send, wanted: boolean): void {
    if (!wanted) this.#clients.delete(send);
    else if (!this.#clients.has(send)) {
      if (this.#clients.size === 0) this.#told = this.#look();
      else this.update();
      this.#clients.add(send);
      send(describe(NOTHING, this.#told));
    }
  }

  /** Looks what has become of the graph. To be called again and again; costs nothing while nobody wants to know. */
  update(): void {
    if (this.#clients.size === 0) return;
    const now = this.#look();
    const news = describe(this.#told, now);
    this.#told = now;
    if (news === NO_NEWS) return;
    for (const send of this.#clients) send(news);
  }

  #look(): Graph {
    const { native } = this.#node;
    const topics = graphTopics(this.#node).map(({ name }) => name);
    const ends = (of: typeof publishersOf) =>
      new Map(
        topics.flatMap((name) => {
          const nodes = distinct(of(this.#node, name).map(({ node }) => node));
          return nodes.length === 0 ? [] : [[name, nodes] as const];
        }),
      );
    const services = new Map<string, string[]>();
    for (const { name, namespace } of native.getNodeNamesAndNamespaces()) {
      const node = `${namespace.replace(/\/$/, '')}/${name}`;
      for (const { name: service } of native.getServiceNamesAndTypesByNode(name, namespace)) {
        services.set(service, distinct([...(services.get(service) ?? []), node]));
      }
    }
    return { published: ends(publishersOf), subscribed: ends(subscriptionsOf), services };
  }
}

/** The frame that says what is different. */
function describe(before: Graph, now: Graph): string {
  const changed = (from: Ends, to: Ends) => [...to].filter(([name, nodes]) => from.get(name)?.join() !== nodes.join());
  const gone = (from: Ends, to: Ends) => [...from.keys()].filter((name) => !to.has(name));
  const emptied = (from: Ends, to: Ends) => gone(from, to).map((name) => [name, []] as const);
  const isTopic = (graph: Graph, name: string) => graph.published.has(name) || graph.subscribed.has(name);
  const topics = distinct([...gone(before.published, now.published), ...gone(before.subscribed, now.subscribed)]);
  const removedTopics = topics.filter((name) => !isTopic(now, name));
  // A topic that has lost only its publishers, or only its subscribers, stays.
  const stays = ([name]: readonly [string, readonly string[]]) => !removedTopics.includes(name);
  const list = (from: Ends, to: Ends, key: string) =>
    [...changed(from, to), ...emptied(from, to).filter(stays)].map(([name, nodes]) => ({ name, [key]: nodes }));
  return JSON.stringify({
    op: 'connectionGraphUpdate',
    publishedTopics: list(before.published, now.published, 'publisherIds'),
    subscribedTopics: list(before.subscribed, now.subscribed, 'subscriberIds'),
    advertisedServices: changed(before.services, now.services).map(([name, nodes]) => ({ name, providerIds: nodes })),
    removedTopics,
    removedServices: gone(before.services, now.services),
  });
}

const NO_NEWS = describe(NOTHING, NOTHING);

function distinct(names: readonly string[]): string[] {
  return [...new Set(names)].sort();
}
