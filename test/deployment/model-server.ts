import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';

interface Tensor {
  readonly name: string;
  readonly datatype: string;
  readonly shape: readonly number[];
}

/** A model of the server's repository. */
export interface RepositoryModel {
  readonly versions: readonly string[];
  ready: boolean;
  /** Why it cannot be loaded. */
  readonly broken?: string;
  /** How long loading takes after it was asked for, ms. */
  readonly delay?: number;
}

/** What the front model takes and gives: `config/policies/kserve_super.yaml`. */
export const INPUTS: readonly Tensor[] = [
  { name: 'image', datatype: 'UINT8', shape: [-1, 1, 240, 320, 3] },
  { name: 'arm', datatype: 'FP32', shape: [-1, 7] },
  { name: 'hand', datatype: 'FP32', shape: [-1, 7] },
  { name: 'instruction', datatype: 'BYTES', shape: [-1] },
];
export const OUTPUTS: readonly Tensor[] = [{ name: 'action', datatype: 'FP32', shape: [-1, 10, 7] }];

/**
 * A server of the Open Inference Protocol v2 with a model repository that is loaded on demand, as Triton's in its
 * explicit mode; every model of it says the same of itself and answers with a hand that rises by 1 cm a waypoint.
 */
export class ModelServer {
  readonly models: Map<string, RepositoryModel>;
  readonly #onDemand: boolean;
  inputs = INPUTS;
  /** Whether it says which versions of a model it has. */
  namesVersions = true;
  /** Models that it was told to load, in order. */
  readonly loads: string[] = [];
  /** Paths of the inferences. */
  readonly inferences: string[] = [];
  readonly #server: Server;

  /** @param onDemand whether models can be loaded when they are asked for */
  constructor(models: Readonly<Record<string, RepositoryModel>>, onDemand = true) {
    this.models = new Map(Object.entries(models));
    this.#onDemand = onDemand;
    this.#server = createServer((request, reply) => void this.#answer(request, reply));
  }

  /** @returns its address */
  async listen(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #answer(request: IncomingMessage, reply: ServerResponse): Promise<void> {
    request.resume();
    await once(request, 'end');
    const json = (status: number, body: unknown) => reply.writeHead(status).end(JSON.stringify(body));
    const path = request.url!;
    if (path === '/v2/health/ready') return void reply.end();
    if (!this.#onDemand && path.startsWith('/v2/repository')) return void json(404, { error: 'Not Found' });
    if (path === '/v2/repository/index' && request.method === 'POST') return void json(200, this.#index());
    const [, load] = /^\/v2\/repository\/models\/(\w+)\/load$/.exec(path) ?? [];
    if (load !== undefined && request.method === 'POST') return this.#load(load, json);
    const [, name, version, verb] = /^\/v2\/models\/(\w+)(?:\/versions\/(\w+))?(?:\/(ready|infer))?$/.exec(path) ?? [];
    const model = this.models.get(name ?? '');
    const there = model?.ready && (version === undefined || model.versions.includes(version));
    if (!there) return void json(400, { error: `Request for unknown model: '${name}' is not found` });
    if (verb === 'ready') return void reply.end();
    if (verb !== 'infer') {
      const versions = this.namesVersions ? model.versions : null;
      return void json(200, { name, versions, inputs: this.inputs, outputs: OUTPUTS });
    }
    this.inferences.push(path);
    const data = Array.from({ length: 70 }, (_, i) => (i % 7 === 2 ? 0.01 * (1 + Math.floor(i / 7)) : 0));
    json(200, { outputs: [{ name: 'action', datatype: 'FP32', shape: [1, 10, 7], data }] });
  }

  /** Of a model that was never loaded, only the name is known. */
  #index() {
    return [...this.models].flatMap(([name, { ready, versions }]) =>
      ready ? versions.map((version) => ({ name, version, state: 'READY' })) : [{ name }],
    );
  }

  async #load(name: string, json: (status: number, body: unknown) => void): Promise<void> {
    const model = this.models.get(name);
    this.loads.push(name);
    if (model === undefined || model.broken !== undefined) {
      return json(400, { error: `failed to load '${name}', ${model?.broken ?? 'no such model'}` });
    }
    await pause(model.delay ?? 0);
    model.ready = true;
    json(200, {});
  }
}
