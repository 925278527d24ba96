import { type Embodiment, loadEmbodiment } from '../cosmos/served/embodiment.js';
import { KserveHttp } from '../cosmos/served/kserve-http.js';
import { KserveModels } from '../cosmos/served/kserve-models.js';
import { ServedBackend } from '../cosmos/served/served-backend.js';
import { serverAddress } from '../cosmos/served/server-address.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import { handOverShards } from './shard-handover.js';

/** A policy server that answers; the file is relative to the package. */
export interface ServedSource {
  /** Protocol, which must be the embodiment's. */
  readonly backend: string;
  readonly embodiment: string;
  /** Address of the server; that of the embodiment where it is empty. */
  readonly url?: string;
  /** Parts of a model that its server holds, as models of their own. */
  readonly shards?: { readonly models: readonly string[]; readonly load_timeout: number } | undefined;
}

/**
 * The policy of a server, not loaded yet: loading it has the server load its shards, where it has some.
 * @param locate where a file of the package is
 * @throws Error naming what is wrong with the embodiment map, or that it is for another backend
 */
export function createServedBackend(
  { backend, embodiment: file, url, shards }: ServedSource,
  robot: Robot,
  kinematics: Kinematics,
  locate: (file: string) => string,
): { readonly backend: ServedBackend; readonly embodiment: Embodiment } {
  const map = loadEmbodiment(locate(file));
  const embodiment = { ...map, url: url || map.url };
  if (embodiment.protocol !== backend) {
    throw new Error(`${file} is for ${embodiment.protocol}, not for ${backend}: name the embodiment of this backend`);
  }
  if (shards === undefined) return { backend: new ServedBackend(embodiment, robot, kinematics), embodiment };
  const { model: name, version } = embodiment;
  const { models, load_timeout: timeout } = shards;
  const server = new KserveModels(new KserveHttp(serverAddress(embodiment)));
  const handOver = () => handOverShards(server, { front: { name, version }, shards: models, timeout });
  return { backend: new ServedBackend(embodiment, robot, kinematics, handOver), embodiment };
}
