import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect } from 'chai';
import { program } from '../ros/launcher/program.js';

const cli = new URL('../../src/', import.meta.url);

describe('exitOnSignals', () => {
  it('ends what a program has launched with it, in a session of its own', async () => {
    const child = program('a', 'setInterval(() => {}, 1000); console.log(process.pid)');
    const code = `
      import { Launcher } from '${new URL('ros/launcher/launcher.js', cli)}';
      import { exitOnSignals } from '${new URL('cli/signals.js', cli)}';
      exitOnSignals();
      new Launcher([${JSON.stringify(child)}], { onOutput: (_, line) => console.log(line) }).start();`;
    const parent = spawn(process.execPath, ['--input-type=module', '-e', code], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const [line] = await once(parent.stdout, 'data');
    const pid = Number(String(line));
    expect(pid).to.be.above(1);
    parent.kill('SIGTERM');
    expect(await once(parent, 'exit')).to.deep.equal([143, null]);
    const deadline = performance.now() + 5000;
    while (runs(pid) && performance.now() < deadline) await new Promise((resolve) => setTimeout(resolve, 20));
    expect(runs(pid)).to.equal(false);
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
