import type { KserveHttp } from './kserve-http.js';

/** A model on a server; a version of it, or the server's choice. */
export interface ServedModel {
  readonly name: string;
  readonly version?: string | undefined;
}

/** An array as the server describes it; -1 is any number. */
export interface TensorDescription {
  readonly name: string;
  readonly datatype: string;
  readonly shape?: readonly number[];
}

/** What a server says of a model. */
export interface ModelDescription {
  readonly versions: readonly string[];
  readonly inputs: readonly TensorDescription[];
  readonly outputs: readonly TensorDescription[];
}

/** A model in the server's repository, loaded or not. */
export interface RepositoryEntry {
  readonly name: string;
  readonly version?: string;
  /** READY, LOADING, UNAVAILABLE …; missing where it was never loaded. */
  readonly state?: string;
  readonly reason?: string;
}

/** How servers say that they have no such path: not found, method not allowed, not implemented. */
const NO_SUCH_PATH = [404, 405, 501];

/** Path of a model in the Open Inference Protocol. */
export function modelPath({ name, version }: ServedModel): string {
  const path = `/v2/models/${encodeURIComponent(name)}`;
  return version === undefined ? path : `${path}/versions/${encodeURIComponent(version)}`;
}

/**
 * The models of a server of the Open Inference Protocol v2, and its repository where it has the extension
 * `model_repository` (Triton's, which others have taken over).
 */
export class KserveModels {
  readonly #http: KserveHttp;

  constructor(http: KserveHttp) {
    this.#http = http;
  }

  get url(): string {
    return this.#http.url;
  }

  /**
   * All that the repository holds; undefined where the server has none. Asked outright: MLServer has one, and does not
   * name it among its extensions.
   */
  async index(): Promise<readonly RepositoryEntry[] | undefined> {
    const path = '/v2/repository/index';
    const { status } = await this.#http.send(path, post({}));
    if (NO_SUCH_PATH.includes(status)) return undefined;
    return (await this.#http.json(path, post({}))) as RepositoryEntry[];
  }

  /** Has a model loaded. @param timeout s @throws Error with the server's words */
  async load(name: string, timeout: number): Promise<void> {
    await this.#http.ask(`/v2/repository/models/${encodeURIComponent(name)}/load`, { ...post({}), timeout });
  }

  async isReady(model: ServedModel): Promise<boolean> {
    return (await this.#http.send(`${modelPath(model)}/ready`)).status === 200;
  }

  /** @returns undefined where the server has no such model */
  async find(name: string): Promise<ModelDescription | undefined> {
    const reply = await this.#http.send(modelPath({ name }));
    // Triton says 400 for a model that it does not have.
    if (reply.status === 404 || reply.status === 400) return undefined;
    return this.describe({ name });
  }

  /** @throws Error with the server's words where it has no such model */
  async describe(model: ServedModel): Promise<ModelDescription> {
    const described = (await this.#http.json(modelPath(model))) as {
      [K in keyof ModelDescription]?: ModelDescription[K] | null;
    };
    // KServe's own server says null where there is nothing to say.
    const { versions, inputs, outputs } = described;
    return { versions: versions ?? [], inputs: inputs ?? [], outputs: outputs ?? [] };
  }
}

function post(body: unknown) {
  return { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } as const;
}
