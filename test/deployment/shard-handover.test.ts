import { expect } from 'chai';
import { KserveHttp } from '../../src/cosmos/served/kserve-http.js';
import { KserveModels } from '../../src/cosmos/served/kserve-models.js';
import { PolicyLoader } from '../../src/deployment/policy-loader.js';
import { handOverShards } from '../../src/deployment/shard-handover.js';
import { loadTiers } from '../../src/deployment/tiers.js';
import { createPolicyFrame } from '../../src/perception/policy-image.js';
import { packagePath } from '../../src/ros/package-path.js';
import { robot } from '../robot/robot-fixture.js';
import { ModelServer, type RepositoryModel } from './model-server.js';

const SHARDS = Array.from({ length: 8 }, (_, k) => `cosmos3_super_${k}`);
const FRONT = 'cosmos3_super';

/** The whole model, with some of its parts changed; `undefined` takes one away. */
function repository(change: Readonly<Record<string, Partial<RepositoryModel> | undefined>> = {}, ready = false) {
  const models: Record<string, RepositoryModel> = {};
  for (const name of [...SHARDS, FRONT]) {
    if (name in change && change[name] === undefined) continue;
    models[name] = { versions: ['1'], ready, ...change[name] };
  }
  return models;
}

const failure = (run: Promise<unknown>) =>
  run.then(
    () => 'no error',
    (error: Error) => error.message,
  );

describe('a model in shards', () => {
  let server: ModelServer;
  let url: string;
  afterEach(() => server.close());

  async function serve(...repositoryOf: ConstructorParameters<typeof ModelServer>): Promise<void> {
    server = new ModelServer(...repositoryOf);
    url = await server.listen();
  }
  const handOver = (version?: string, timeout = 5) =>
    handOverShards(new KserveModels(new KserveHttp({ url, timeout: 2 })), {
      front: { name: FRONT, version },
      shards: SHARDS,
      timeout,
    });

  it('is loaded by the server, every shard, and then what answers for them', async () => {
    await serve(repository({ cosmos3_super_2: { delay: 100 } }));
    await handOver();
    expect(server.loads.slice(0, 8).sort()).to.deep.equal(SHARDS);
    expect(server.loads.slice(8)).to.deep.equal([FRONT]);
  });

  it('is not loaded again where it is', async () => {
    await serve(repository({ cosmos3_super_5: { ready: false } }, true));
    await handOver();
    expect(server.loads).to.deep.equal(['cosmos3_super_5']);
  });

  it('is refused where the repository lacks a shard, before anything is loaded', async () => {
    await serve(repository({ cosmos3_super_3: undefined, cosmos3_super_6: undefined }));
    expect(await failure(handOver())).to.match(/lacks cosmos3_super_3, cosmos3_super_6; it holds cosmos3_super_0, /);
    expect(server.loads).to.deep.equal([]);
  });

  it('is refused in the server’s words where it cannot load a shard', async () => {
    await serve(repository({ cosmos3_super_7: { broken: 'CUDA out of memory' } }));
    expect(await failure(handOver())).to.match(/models\/cosmos3_super_7\/load: .*400: .*CUDA out of memory/);
  });

  it('is refused where a shard is of another version', async () => {
    await serve(repository({ cosmos3_super_4: { versions: ['2', '3'] } }));
    expect(await failure(handOver('1'))).to.match(/cosmos3_super_4 is there in version 2, 3, not 1/);
  });

  it('may be of a version that the server does not name', async () => {
    await serve(repository());
    server.namesVersions = false;
    await handOver('1');
    expect(server.loads).to.have.length(9);
  });

  it('is not waited for longer than its time-out', async () => {
    await serve(repository({ cosmos3_super_1: { delay: 3000 } }));
    expect(await failure(handOver(undefined, 0.3))).to.match(/did not answer within 0.3 s/);
  });

  it('must be there on a server that loads nothing on demand', async () => {
    await serve(repository({ cosmos3_super_3: { ready: false } }, true), false);
    expect(await failure(handOver())).to.match(/does not hold the whole model: cosmos3_super_3 is not there/);
    server.models.get('cosmos3_super_3')!.ready = true;
    await handOver();
    expect(server.loads).to.deep.equal([]);
  });

  describe('of a tier', function () {
    this.timeout(20_000);
    const tiers = loadTiers('config/deployment.yaml');
    let loader: PolicyLoader;
    beforeEach(() => {
      loader = new PolicyLoader(robot, 1, packagePath);
    });
    afterEach(() => loader.dispose());

    it('is handed over, then asked over kserve', async () => {
      await serve(repository());
      const { backend } = await loader.openTier('super', tiers, url);
      expect(server.loads).to.have.length(9);
      expect(backend.description).to.deep.equal({ policy: FRONT, arms: ['right'], horizon: 10, dt: 0.1 });
      const pose = Float64Array.of(0.4, -0.2, 0.3, 0, 0, 0, 1);
      const hand = { commandedPose: pose, commandedGripper: 0, measuredPose: pose };
      const color = new Uint8Array(3 * 320 * 240);
      const [prediction] = await backend.createSession().infer(
        {
          stamp: 1,
          frame: createPolicyFrame(),
          pictures: new Map([['head_camera', { width: 320, height: 240, color }]]),
          hands: { left: hand, right: hand },
          positions: robot.posture('table_work'),
        },
        'lift the cup',
        { candidates: 1, steps: 1, seed: 0 },
      );
      expect(server.inferences).to.deep.equal([`/v2/models/${FRONT}/infer`]);
      expect(prediction!.actions[7 * 9 + 2]).to.be.closeTo(0.1, 1e-6);
    });

    it('is refused where what answers for the shards does not fit the map', async () => {
      await serve(repository());
      server.inputs = server.inputs.map((input) => (input.name === 'arm' ? { ...input, shape: [-1, 14] } : input));
      expect(await failure(loader.openTier('super', tiers, url))).to.match(
        /the server has state arm as 14; the map, as 7/,
      );
      server.inputs = server.inputs.filter(({ name }) => name !== 'instruction');
      expect(await failure(loader.openTier('super', tiers, url))).to.match(/knows no instruction instruction/);
    });

    it('is refused where no server is there', async () => {
      await serve({});
      expect(await failure(loader.openTier('super', tiers, 'http://127.0.0.1:1'))).to.match(
        /127.0.0.1:1: the inference server cannot be reached: .*ECONNREFUSED/,
      );
    });
  });
});
