import { topicFilter } from '../recorder/topic-filter.js';

/** Always allowed: they only ever stop the robot. */
const ALWAYS = ['safety/emergency_stop', 'safety/protective_stop', 'safety/controlled_stop'];

/** What clients may do to the graph, beside listening to it. */
export class Permissions {
  readonly #allows: (name: string) => boolean;
  readonly #namespace: string;

  /**
   * @param listed topics, services, actions and parameters (NODE.PARAMETER); `*` stands for any characters
   * @param namespace what relative names are relative to, ends in a slash
   */
  constructor(listed: readonly string[], namespace: string) {
    this.#allows = topicFilter([...ALWAYS, ...listed.filter((name) => name !== '')], [], namespace);
    this.#namespace = namespace;
  }

  /** @param name fully qualified, or relative to the namespace */
  allows(name: string): boolean {
    return this.#allows(name.startsWith('/') ? name : `${this.#namespace}${name}`);
  }

  /** @throws Error with the refusal where something is not allowed */
  demand(name: string): void {
    if (!this.allows(name)) throw new Error(this.refusal(name));
  }

  /** Why something is refused, with the remedy. */
  refusal(name: string): string {
    return `${name} is not allowed: list it in the parameter allow of operator_bridge`;
  }
}
