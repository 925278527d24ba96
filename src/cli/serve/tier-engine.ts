import { OnnxNetwork } from '../../cosmos/onnx-network.js';
import { loadEmbodiment } from '../../cosmos/served/embodiment.js';
import { executionOf } from '../../deployment/execution.js';
import { missingFor, probeHardware, runnableTiers } from '../../deployment/hardware-probe.js';
import { createServedBackend, type ServedSource } from '../../deployment/served-source.js';
import type { Tier, TierDeployment } from '../../deployment/tiers.js';
import { Kinematics } from '../../robot/kinematics.js';
import type { Robot } from '../../robot/robot.js';
import { NetworkEngine } from '../../serving/network-engine.js';
import { ServedEngine } from '../../serving/served-engine.js';

export interface EngineOptions {
  readonly robot: Robot;
  /** CPU threads of networks that run here. */
  readonly threads: number;
  /** Requests that such a network encodes together, at most. */
  readonly batch: number;
  /** Embodiment map that takes the place of the tier's. */
  readonly embodiment: string | undefined;
  /** Address of its policy server; that of the embodiment where it is left out. */
  readonly url: string | undefined;
  /** Where a file of the package is. */
  readonly locate: (file: string) => string;
}

/**
 * What answers for a tier: a network that is loaded here, or a policy server, which need not be up yet.
 * @throws Error why the tier cannot be served, and which can
 */
export async function createTierEngine(
  tier: Tier,
  tiers: Readonly<Record<Tier, TierDeployment>>,
  options: EngineOptions,
): Promise<NetworkEngine | ServedEngine> {
  const { serve } = tiers[tier];
  const { robot, locate, url, embodiment: file } = options;
  const kinematics = await Kinematics.create(robot);
  const served = file === undefined ? serve : { backend: loadEmbodiment(locate(file)).protocol, embodiment: file };
  if (!('embodiment' in served)) {
    if (url !== undefined) {
      throw new Error(
        `--server: tier ${tier} is answered here; name the map of a policy with --embodiment ${tier}=FILE`,
      );
    }
    return new NetworkEngine(await loadNetwork(tier, served.model, tiers, options), robot, kinematics, options.batch);
  }
  const source: ServedSource = url === undefined ? served : { ...served, url };
  const { backend, embodiment } = createServedBackend(source, robot, kinematics, locate);
  const cameras = Object.values(embodiment.images).map(({ camera }) => camera);
  return new ServedEngine(backend, cameras, robot, kinematics);
}

async function loadNetwork(
  tier: Tier,
  folder: string,
  tiers: Readonly<Record<Tier, TierDeployment>>,
  { threads, locate }: EngineOptions,
): Promise<OnnxNetwork> {
  const hardware = await probeHardware();
  const missing = missingFor(tiers[tier], hardware);
  if (missing.length > 0) {
    const others = runnableTiers(tiers, hardware).filter((name) => tiers[name].serve.backend === 'onnx');
    throw new Error(
      `tier ${tier} (${tiers[tier].model.name}) cannot be run here: it needs ${missing.join(', ')}; ` +
        `run here: ${others.join(', ') || 'none'}`,
    );
  }
  const network = new OnnxNetwork(locate(folder), threads, executionOf(tier, tiers[tier], hardware));
  await network.load();
  return network;
}
