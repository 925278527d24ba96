import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import { runCommand } from './command.js';

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
