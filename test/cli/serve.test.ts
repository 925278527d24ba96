import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { Kinematics } from '../../src/robot/kinematics.js';
import { PolicyPeer } from '../cosmos/served/policy-peer.js';
import { ModelServer } from '../deployment/model-server.js';
import { robot } from '../robot/robot-fixture.js';
import { runCommand } from './command.js';

const [WIDTH, HEIGHT] = [320, 240];
const REQUEST = {
  instruction: 'pick up the red cup and place it in the bin',
  image: {
    format: 'rgb8',
    width: WIDTH,
    height: HEIGHT,
    data: Buffer.alloc(3 * WIDTH * HEIGHT, 90).toString('base64'),
  },
  depth: { format: '32fc1', data: Buffer.from(new Float32Array(WIDTH * HEIGHT).fill(0.8).buffer).toString('base64') },
  camera: { fx: 190, fy: 190, cx: 160, cy: 120, pose: [0.1, 0, 0.5, 0, Math.SQRT1_2, 0, Math.SQRT1_2] },
  joint_positions: { right_elbow_joint: 0.3 },
};

describe('npm run serve', function () {
  this.timeout(60_000);
  let service: ChildProcess | undefined;
  afterEach(() => {
    service?.kill('SIGKILL');
    service = undefined;
  });

  it('serves the tier of this package on loopback, and ends when it is told to', async () => {
    service = spawn(process.execPath, [resolve('dist/src/cli/serve.js'), '--port', '0']);
    const [line] = (await once(createInterface(service.stdout!), 'line')) as [string];
    const [, address, endpoint] = /POST (http:\/\/127\.0\.0\.1:\d+)(\S+)/.exec(line) ?? [];
    expect(endpoint, line).to.equal('/v1/cosmos/micro');
    const health = (await (await fetch(`${address}/health`)).json()) as object;
    expect(health).to.deep.include({ status: 'ready' });
    const paths = ((await (await fetch(`${address}/openapi.json`)).json()) as { paths: object }).paths;
    expect(Object.keys(paths)).to.include(endpoint);
    const reply = await fetch(`${address}${endpoint}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(REQUEST),
    });
    const answer = (await reply.json()) as { policy: string; actions: number[][] };
    expect(reply.status, JSON.stringify(answer)).to.equal(200);
    expect(answer.policy).to.match(/^cosmos3_micro@/);
    expect(answer.actions).to.have.length(10);
    for (const action of answer.actions) expect(action.every(Number.isFinite)).to.equal(true);
    service.kill('SIGTERM');
    const [code] = await once(service, 'exit');
    expect(code).to.equal(0);
  });

  it('is open to other machines with a token only', async () => {
    const { code, errors } = await runCommand('serve', '--host', '0.0.0.0');
    expect(code).to.equal(1);
    expect(errors).to.match(/--host 0\.0\.0\.0 is open to others: set COSMOS_TOKEN/);
  });

  it('serves the tiers of policy servers beside it, one that holds its model in shards too', async () => {
    const shards = Array.from({ length: 8 }, (_, k) => `cosmos3_super_${k}`);
    const models = [...shards, 'cosmos3_super'].map((name) => [name, { versions: ['1'], ready: false }]);
    const held = new ModelServer(Object.fromEntries(models));
    const kinematics = await Kinematics.create(robot);
    const peer = await PolicyPeer.start('cosmos3', kinematics);
    try {
      const servers = [`super=${await held.listen()}`, `nano=${peer.url}`, 'edge=ws://127.0.0.1:1'];
      const names = ['micro', 'super', 'nano', 'edge'].flatMap((tier) => ['--tier', tier]);
      const options = servers.flatMap((server) => ['--server', server]);
      service = spawn(process.execPath, [resolve('dist/src/cli/serve.js'), '--port', '0', ...names, ...options]);
      const output = createInterface(service.stdout!)[Symbol.asyncIterator]();
      const addresses: string[] = [];
      for (let k = 0; k < 4; k++) addresses.push((await output.next()).value.replace(/.*POST /, ''));
      expect(addresses.map((address) => new URL(address).pathname)).to.deep.equal(
        ['micro', 'super', 'nano', 'edge'].map((tier) => `/v1/cosmos/${tier}`),
      );
      const answers = await Promise.all(
        addresses.map(async (address) => {
          const headers = { 'content-type': 'application/json' };
          const reply = await fetch(address, { method: 'POST', headers, body: JSON.stringify(REQUEST) });
          const { policy, error } = (await reply.json()) as { policy?: string; error?: string };
          return `${reply.status} ${policy ?? error}`;
        }),
      );
      expect(answers[0]).to.match(/^200 cosmos3_micro@/);
      expect(answers.slice(1, 3)).to.deep.equal(['200 cosmos3_super', '200 cosmos3_droid']);
      expect(answers[3]).to.match(/^503 ws:\/\/127\.0\.0\.1:1.*is the policy server running there\?/);
      expect(held.loads).to.have.members([...shards, 'cosmos3_super']);
    } finally {
      held.close();
      await peer.close();
      kinematics.delete();
    }
  });

  it('says what is wrong with its options', async () => {
    const { code, errors } = await runCommand('serve', '--server', 'nano=ws://gpu:8000');
    expect(code).to.equal(1);
    expect(errors).to.match(/serve: --server: nano is not served; add --tier nano/);
  });
});
