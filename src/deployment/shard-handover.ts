import { setTimeout as pause } from 'node:timers/promises';
import type { KserveModels, RepositoryEntry, ServedModel } from '../cosmos/served/kserve-models.js';

/** How often the server is asked whether its models are ready, ms. */
const PERIOD = 200;

/** A model that no single process holds. */
export interface ShardedModel {
  /** Answers for all of them; has their version. */
  readonly front: ServedModel;
  /** Names of the models that hold a part each. */
  readonly shards: readonly string[];
  /** Longest wait until all are loaded, s. */
  readonly timeout: number;
}

/**
 * Hands a sharded model over to the server that holds it: has every shard loaded, and then the model that answers for
 * them, where the server has a repository; where it has none, they must be there. Comes back when all are ready.
 * The server keeps them: others may use them too.
 * @throws Error naming the server and the shards that it lacks, has in another version, cannot load, or is not ready
 * with in time
 */
export async function handOverShards(server: KserveModels, { front, shards, timeout }: ShardedModel): Promise<void> {
  const deadline = performance.now() + 1000 * timeout;
  const names = [...shards, front.name];
  const index = await server.index();
  if (index !== undefined) await loadAll(server, index, front, shards, timeout);
  await checkPresence(server, names, front.version);
  let waiting = names;
  for (;;) {
    const ready = await Promise.all(waiting.map((name) => server.isReady({ name, version: front.version })));
    waiting = waiting.filter((_, i) => !ready[i]);
    if (waiting.length === 0) return;
    if (performance.now() >= deadline) {
      throw new Error(`${server.url}: ${waiting.join(', ')} not ready within ${timeout} s: see the server's log`);
    }
    await pause(PERIOD);
  }
}

async function loadAll(
  server: KserveModels,
  index: readonly RepositoryEntry[],
  front: ServedModel,
  shards: readonly string[],
  timeout: number,
): Promise<void> {
  const unknown = [...shards, front.name].filter((name) => !index.some((entry) => entry.name === name));
  if (unknown.length > 0) {
    const held = [...new Set(index.map(({ name }) => name))].join(', ') || 'nothing';
    throw new Error(
      `${server.url}: the repository of the inference server lacks ${unknown.join(', ')}; it holds ${held}: ` +
        'put the missing ones into it, or name those that are there',
    );
  }
  const isLoaded = (name: string) =>
    index.some(
      (entry) =>
        entry.name === name &&
        entry.state === 'READY' &&
        (front.version === undefined || entry.version === front.version),
    );
  const load = async (name: string) => {
    if (!isLoaded(name)) await server.load(name, timeout);
  };
  await Promise.all(shards.map(load));
  // It may be an ensemble of them.
  await load(front.name);
}

async function checkPresence(
  server: KserveModels,
  names: readonly string[],
  version: string | undefined,
): Promise<void> {
  const found = await Promise.all(names.map(async (name) => ({ name, model: await server.find(name) })));
  const problems = found.flatMap(({ name, model }) => {
    if (model === undefined) return [`${name} is not there`];
    const { versions } = model;
    if (version === undefined || versions.length === 0 || versions.includes(version)) return [];
    return [`${name} is there in version ${versions.join(', ')}, not ${version}`];
  });
  if (problems.length > 0) {
    throw new Error(
      `${server.url}: the inference server does not hold the whole model: ${problems.join('; ')}: ` +
        'start it with all shards of one version',
    );
  }
}
