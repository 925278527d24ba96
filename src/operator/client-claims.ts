import type { DataRequest } from './data-request.js';

/** Channels that one client may advertise, and parameters of whose changes it may want to be told. */
const MOST_CHANNELS = 256;
const MOST_PARAMETERS = 4096;

/** What a client of the data protocol has the bridge remember. */
export class ClientClaims {
  readonly #channels = new Set<number>();
  readonly #parameters = new Set<string>();

  /** Parameters of whose changes it wants to be told. */
  get parameters(): readonly string[] {
    return [...this.#parameters];
  }

  /** Takes a request in. @returns what it would have too many of; undefined where all is well */
  take(request: DataRequest): string | undefined {
    switch (request.op) {
      case 'advertise':
        for (const { id } of request.channels) this.#channels.add(id);
        break;
      case 'unadvertise':
        for (const id of request.channelIds) this.#channels.delete(id);
        break;
      case 'subscribeParameterUpdates':
        for (const name of request.parameterNames) this.#parameters.add(name);
        break;
      case 'unsubscribeParameterUpdates':
        for (const name of request.parameterNames) this.#parameters.delete(name);
        break;
    }
    if (this.#channels.size > MOST_CHANNELS) return `more than ${MOST_CHANNELS} channels`;
    if (this.#parameters.size > MOST_PARAMETERS) return `more than ${MOST_PARAMETERS} parameters`;
    return undefined;
  }
}
