import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
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
    expect(health).to.include({ status: 'ready', in_progress: 0 });
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

  it('says why a tier cannot be served here, and which can', async () => {
    const { code, errors } = await runCommand('serve', '--tier', 'super');
    expect(code).to.equal(1);
    expect(errors).to.match(
      /tier super \(Cosmos-3-Super-70B\) cannot be served here: it needs 8 GPUs.*; served here: micro/,
    );
  });
});
