import { expect } from 'chai';
import { Launcher, type LauncherEvents } from '../../../src/ros/launcher/launcher.js';
import type { ProcessExit } from '../../../src/ros/launcher/managed-process.js';
import type { ProcessDescription } from '../../../src/ros/launcher/process-description.js';
import { program } from './program.js';

describe('Launcher', () => {
  let launcher: Launcher | undefined;

  afterEach(() => launcher?.stop());

  /** Starts programs and notes what they tell. */
  function start(descriptions: readonly ProcessDescription[], react: LauncherEvents = {}) {
    const lines: string[] = [];
    const exits: [name: string, exit: ProcessExit][] = [];
    const running = new Launcher(descriptions, {
      ...react,
      onOutput: (name, line, stream) => {
        lines.push(`${name} ${stream} ${line}`);
        react.onOutput?.(name, line, stream);
      },
      onExit: (name, exit) => {
        exits.push([name, exit]);
        react.onExit?.(name, exit);
      },
    });
    launcher = running;
    running.start();
    return { running, lines, exits };
  }

  const forever = 'setInterval(() => {}, 1000); console.log("ready");';

  it('tells lines of output and the exit code', async () => {
    const { running, lines, exits } = start([
      program('a', 'console.log("one\\ntwo"); console.error("three"); process.exitCode = 3'),
      program('quiet', 'console.log("out"); console.error("err")', { showOutput: false }),
    ]);
    await running.finished();
    expect(lines).to.have.members(['a stdout one', 'a stdout two', 'a stderr three', 'quiet stderr err']);
    expect(exits.find(([name]) => name === 'a')?.[1]).to.deep.include({ code: 3, signal: undefined, respawns: false });
    expect(running.failed).to.equal(true);
    expect(running.pids).to.have.property('size', 0);
  });

  it('starts a killed program again', async () => {
    const { promise, resolve } = deferred();
    let starts = 0;
    const { running, exits } = start([program('a', forever, { respawn: true, respawnDelay: 0.05 })], {
      onOutput: () => {
        if (++starts === 2) resolve();
        else process.kill(running.pids.get('a') as number, 'SIGKILL');
      },
    });
    await promise;
    expect(exits).to.deep.equal([['a', { code: undefined, signal: 'SIGKILL', error: undefined, respawns: true }]]);
    expect(running.pids.has('a')).to.equal(true);
    await running.stop();
    expect(exits[1]?.[1]).to.deep.include({ signal: 'SIGINT', respawns: false });
    expect(running.failed).to.equal(false);
  });

  it('escalates from SIGINT to SIGTERM to SIGKILL', async () => {
    const stubborn = `process.on('SIGINT', () => console.log('INT')); process.on('SIGTERM', () => console.log('TERM'));`;
    const { promise, resolve } = deferred();
    const timeouts = { sigtermTimeout: 0.1, sigkillTimeout: 0.1 };
    const { running, lines, exits } = start([program('a', stubborn + forever, timeouts)], {
      onOutput: (_, line) => line === 'ready' && resolve(),
    });
    await promise;
    await running.stop();
    expect(lines).to.deep.equal(['a stdout ready', 'a stdout INT', 'a stdout TERM']);
    expect(exits[0]?.[1].signal).to.equal('SIGKILL');
  });

  it('reaches what the program started', async () => {
    const parent = `const child = require('child_process').spawn(process.execPath, ['-e', ${JSON.stringify(forever)}],
      { stdio: ['ignore', 'pipe', 'ignore'] }); child.stdout.once('data', () => console.log(child.pid));
      process.on('SIGINT', () => child.once('exit', () => process.exit(0)));`;
    const { promise, resolve } = deferred<number>();
    const { running } = start([program('a', parent)], { onOutput: (_, line) => resolve(Number(line)) });
    const pid = await promise;
    await running.stop();
    expect(() => process.kill(pid, 0)).to.throw('ESRCH');
  });

  it('stops everything when a required program ends', async () => {
    const { running, exits } = start([program('a', forever), program('b', '', { required: true })]);
    await running.finished();
    expect(exits.map(([name]) => name)).to.deep.equal(['b', 'a']);
  });

  it('tells about a program that cannot be started, and does not try again', async () => {
    const { running, exits } = start([program('a', '', { command: '/no/such/program', respawn: true })]);
    await running.finished();
    expect(exits[0]?.[1].error).to.match(/cannot be started: .*ENOENT/);
    expect(running.failed).to.equal(true);
  });

  it('can be stopped while a program waits for its respawn', async () => {
    const { promise, resolve } = deferred();
    const { running } = start([program('a', '', { respawn: true, respawnDelay: 60 })], { onExit: () => resolve() });
    await promise;
    await running.stop();
    expect(running.pids.size).to.equal(0);
  });

  function deferred<T = void>(): { promise: Promise<T>; resolve: (value: T) => void } {
    let resolve: (value: T) => void = () => {};
    const promise = new Promise<T>((done) => {
      resolve = done;
    });
    return { promise, resolve };
  }
});
