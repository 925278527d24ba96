import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { CONTROLLER_DEFAULTS } from '../../src/control/joint-controller.js';
import { type LoopHandle, startControlLoop } from '../../src/control/loop.js';
import { monotonicSeconds } from '../../src/control/monotonic-clock.js';
import { StopCause, StopMode } from '../../src/control/stop-state.js';
import { makeParameters } from './joint-parameters-fixture.js';

const PORT = 6398;
/** The thread that speaks ROS is blocked for this long, s. */
const BLOCKED = 1;

/** Stands for safety_monitor: words every 20 ms for a time, in which a stop may be demanded from a moment on. */
const MONITOR = `
  const { workerData: { module, port, from, until, mode } } = require('node:worker_threads');
  import(module).then(({ SafetyWordSender }) => {
    const sender = new SafetyWordSender(port);
    const begin = performance.now();
    const timer = setInterval(() => {
      const t = (performance.now() - begin) / 1e3;
      if (t > until) { clearInterval(timer); sender.close(); return; }
      sender.send(t > from ? mode : 0, 1, 0);
    }, 20);
  });
`;

function startMonitor(from: number, until: number, mode: StopMode): Worker {
  const module = new URL('../../src/control/safety-link.js', import.meta.url).href;
  return new Worker(MONITOR, { eval: true, workerData: { module, port: PORT, from, until, mode } });
}

describe('safety path', function () {
  this.timeout(10_000);

  let loop: LoopHandle;
  beforeEach(async () => {
    loop = await startControlLoop({
      hardware: 'mock',
      parameters: makeParameters(75),
      controller: { ...CONTROLLER_DEFAULTS, heartbeatTimeout: 0.3 },
      linkPort: PORT,
      realtime: false,
    });
  });
  afterEach(() => loop.stop());

  /** Blocks this thread, as a callback that hangs would, and looks at the loop meanwhile. */
  function block(until: () => boolean): boolean {
    const end = monotonicSeconds() + BLOCKED;
    let seen = false;
    while (monotonicSeconds() < end) seen ||= until();
    return seen;
  }

  async function heard(): Promise<void> {
    const before = loop.shared.wordsHeard;
    while (loop.shared.wordsHeard === before) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  it('brings a stop to the loop while the thread that speaks ROS is blocked', async () => {
    const monitor = startMonitor(0.4, 5, StopMode.damping);
    await heard();
    const stopped = block(() => loop.shared.readStatus().stopMode === StopMode.damping);
    expect(stopped).to.equal(true);
    expect(loop.shared.readStatus().stopCauses).to.equal(StopCause.emergencyStop);
    await monitor.terminate();
  });

  it('does not take that thread for the monitor', async () => {
    const monitor = startMonitor(Infinity, 5, StopMode.running);
    await heard();
    expect(block(() => loop.shared.readStatus().stopCauses !== 0)).to.equal(false);
    await monitor.terminate();
  });

  it('stops by itself when the monitor falls silent, while that thread is blocked', async () => {
    const monitor = startMonitor(Infinity, 0.2, StopMode.running);
    await heard();
    const stopped = block(() => loop.shared.readStatus().stopMode === StopMode.hold);
    expect(stopped).to.equal(true);
    expect(loop.shared.readStatus().stopCauses).to.equal(StopCause.monitorSilent);
    await monitor.terminate();
  });

  it('refuses to start where somebody listens already', async () => {
    let message = '';
    try {
      await startControlLoop({ hardware: 'mock', parameters: makeParameters(3), linkPort: PORT, realtime: false });
    } catch (error) {
      message = (error as Error).message;
    }
    expect(message).to.match(/^UDP port 6398 of the safety link: .*EADDRINUSE.*another joint_controller/);
  });
});
