import type rclnodejs from 'rclnodejs';
import type { ServiceRequest, ServiceResponse, ServiceType } from './messages.js';

/** A service that is not offered yet is looked for this often, ms. */
const SEARCH = 20;

/** Calls a service. */
export class ServiceClient<T extends ServiceType> {
  readonly #native: rclnodejs.Client<T>;
  readonly #name: string;

  constructor(native: rclnodejs.Client<T>, name: string) {
    this.#native = native;
    this.#name = name;
  }

  /** Whether anybody offers the service now. */
  get available(): boolean {
    return this.#native.isServiceServerAvailable();
  }

  /**
   * Waits for the service and calls it.
   * @param timeout for both together, s
   * @throws Error naming the service, when nobody offers it or the answer does not come in time
   */
  async call(request: ServiceRequest<T>, timeout = 5): Promise<ServiceResponse<T>> {
    const deadline = performance.now() + timeout * 1e3;
    while (!this.available) {
      if (performance.now() > deadline) {
        throw new Error(`service ${this.#name} is not offered by any node (waited ${timeout} s)`);
      }
      await new Promise((resolve) => setTimeout(resolve, SEARCH));
    }
    try {
      return await this.#native.sendRequestAsync(request, {
        timeout: Math.max(Math.ceil(deadline - performance.now()), 1),
      });
    } catch (error) {
      throw new Error(`service ${this.#name} did not answer within ${timeout} s`, { cause: error });
    }
  }
}
