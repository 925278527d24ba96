import { expect } from 'chai';
import { createTierEngine, type EngineOptions } from '../../../src/cli/serve/tier-engine.js';
import { loadTiers, type Tier } from '../../../src/deployment/tiers.js';
import { NetworkEngine } from '../../../src/serving/network-engine.js';
import { ServedEngine } from '../../../src/serving/served-engine.js';
import { robot } from '../../robot/robot-fixture.js';

describe('what answers for a tier', function () {
  this.timeout(20_000);
  const tiers = loadTiers('config/deployment.yaml');
  const options: EngineOptions = {
    robot,
    threads: 1,
    batch: 4,
    embodiment: undefined,
    url: undefined,
    locate: (file) => file,
  };
  const create = (tier: Tier, change: Partial<EngineOptions> = {}) => {
    return createTierEngine(tier, tiers, { ...options, ...change });
  };
  const failure = (run: Promise<unknown>) =>
    run.then(
      () => 'no error',
      (error: Error) => error.message,
    );

  it('is a network where the deployment says so, a policy server elsewhere', async () => {
    const micro = await create('micro');
    expect(micro).to.be.instanceOf(NetworkEngine).and.include({ batch: 4, ready: true });
    const policies = { super: 'cosmos3_super', nano: 'cosmos3_droid', edge: 'cosmos3_droid' } as const;
    for (const [tier, policy] of Object.entries(policies)) {
      const engine = await create(tier as Tier);
      expect(engine, tier).to.be.instanceOf(ServedEngine).and.include({ policy, batch: 1, ready: false });
    }
  });

  it('may be another policy server', async () => {
    const engine = await create('micro', { embodiment: 'config/policies/openpi_droid.yaml', url: 'ws://127.0.0.1:1' });
    expect(engine.policy).to.equal('pi05_droid');
    expect(await failure((engine as ServedEngine).connect())).to.match(/^ws:\/\/127\.0\.0\.1:1: .*ECONNREFUSED/);
  });

  it('is refused where a server has no map, a map is not there, or the hardware is not', async () => {
    expect(await failure(create('micro', { url: 'ws://gpu:8000' }))).to.match(
      /tier micro is answered here; name the map/,
    );
    expect(await failure(create('nano', { embodiment: 'config/policies/none.yaml' }))).to.match(/none\.yaml/);
    const hardware = { ...tiers.super.hardware, gpu_count: 64 };
    const local = { ...tiers, super: { ...tiers.micro, model: tiers.super.model, hardware } };
    expect(await failure(createTierEngine('super', local, options))).to.match(
      /tier super \(Cosmos-3-Super-70B\) cannot be run here: it needs 64 GPUs.*; run here: micro/,
    );
  });
});
