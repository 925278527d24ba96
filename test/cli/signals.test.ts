import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';

const cli = new URL('../../src/', import.meta.url);

describe('exitOnSignals', () => {
  it('ends what a program has launched with it, in a session of its own', async () => {
    const program = {
      name: 'a',
      command: process.execPath,
      arguments: ['-e', 'setInterval(() => {}, 1000); console.log(process.pid)'],
      environment: process.env,
      showOutput: true,
      respawn: false,
      respawnDelay: 0,
      required: false,
      sigtermTimeout: 5,
      sigkillTimeout: 5,
    };
    const code = `
      import { Launcher } from '${new URL('ros/launcher/launcher.js', cli)}';
      import { exitOnSignals } from '${new URL('cli/signals.js', cli)}';
      exitOnSignals();
      new Launcher([${JSON.stringify(program)}], { onOutput: (_, line) => console.log(line) }).start();`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(parent.stdout, 'data');
    const child = Number(String(line));
    expect(child).to.be.above(1);
    parent.kill('SIGTERM');
    expect(await once(parent, 'exit')).to.deep.equal([143, null]);
    const deadline = performance.now() + 5000;
    while (runs(child) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(runs(child)).to.equal(false);
  });
});

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
