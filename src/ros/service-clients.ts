import type { ServiceRequest, ServiceResponse, ServiceType } from './messages.js';
import type { RosNode } from './ros-node.js';
import type { ServiceClient } from './service-client.js';

interface Kept {
  readonly client: ServiceClient<ServiceType>;
  /** Destroys it. */
  readonly end: () => void;
  /** Calls that wait for their answer: it is not destroyed before they have it. */
  underWay: number;
}

/**
 * Calls services of any name, with a client for each that is made when it is first needed and kept: a new one has to be
 * found by the service before it is answered. One that got no answer is replaced, since on a machine that is full a service
 * may hear a client and not reach it, for good.
 */
export class ServiceClients {
  readonly #node: RosNode;
  readonly #kept = new Map<string, Kept>();

  /** @param node destroys the clients with all that it owns */
  constructor(node: RosNode) {
    this.#node = node;
    node.own(() => this.#close());
  }

  /** @throws as ServiceClient.call */
  async call<T extends ServiceType>(
    type: T,
    name: string,
    request: ServiceRequest<T>,
    timeout: number,
  ): Promise<ServiceResponse<T>> {
    const kept = this.#kept.get(name) ?? this.#open(type, name);
    kept.underWay++;
    try {
      return (await kept.client.call(request as ServiceRequest<ServiceType>, timeout)) as ServiceResponse<T>;
    } catch (error) {
      if (this.#kept.get(name) === kept) this.#kept.delete(name);
      throw error;
    } finally {
      kept.underWay--;
      if (kept.underWay === 0 && this.#kept.get(name) !== kept) kept.end();
    }
  }

  #open(type: ServiceType, name: string): Kept {
    const scope = this.#node.beginScope();
    const client = this.#node.createClient(type, name);
    const kept = { client, end: scope.end(), underWay: 0 };
    this.#kept.set(name, kept);
    return kept;
  }

  #close(): void {
    for (const { end } of this.#kept.values()) end();
    this.#kept.clear();
  }
}
