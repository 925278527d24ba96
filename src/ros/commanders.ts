import { publishersOf } from './endpoints.js';
import type { ParameterDeclarations } from './parameters.js';
import type { RosNode } from './ros-node.js';

/** Parameter of the nodes that ask who moves the robot. */
export const COMMANDERS_PARAMETER = {
  commanders: {
    type: 'string_array',
    default: ['motion_planner'],
    description: 'Nodes, of the same namespace, that may publish joint trajectories: any other one stops the robot.',
  },
} as const satisfies ParameterDeclarations;

/** Who publishes on a topic beside those who may, as far as this process knows: each hears of a publisher by itself. */
export class Commanders {
  readonly #node: RosNode;
  readonly #topic: string;
  readonly #allowed: readonly string[];

  /** @param topic of the namespace of the node @param allowed names of nodes there */
  constructor(node: RosNode, topic: string, allowed: readonly string[]) {
    const { namespace } = node;
    this.#node = node;
    this.#topic = `${namespace}${topic}`;
    this.#allowed = allowed.map((name) => `${namespace}${name}`);
  }

  /** Names of nodes that publish and may not; one that has not told its name yet is left out. */
  foreign(): string[] {
    const { others } = this.#publishers();
    return [...new Set(others.filter((name) => name.startsWith('/')))];
  }

  /** Names of nodes that publish beside one that may, those without a name included. */
  rivals(): string[] {
    const { all, others } = this.#publishers();
    return others.length < all.length ? others : [];
  }

  #publishers(): { readonly all: string[]; readonly others: string[] } {
    const all = publishersOf(this.#node, this.#topic).map(({ node }) => node);
    return { all, others: all.filter((name) => !this.#allowed.includes(name)) };
  }
}
