import { readFileSync } from 'node:fs';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';

describe('requestPreciseTimers', () => {
  it('takes the slack of the calling thread’s timers away, and of no other', async function () {
    let before: string;
    try {
      before = readFileSync('/proc/self/timerslack_ns', 'utf8');
    } catch {
      this.skip();
    }
    const code = `
      import { readFileSync, readlinkSync } from 'node:fs';
      import { parentPort } from 'node:worker_threads';
      import { requestPreciseTimers } from ${JSON.stringify(new URL('../../src/control/realtime.js', import.meta.url).href)};
      requestPreciseTimers();
      const thread = readlinkSync('/proc/thread-self').split('/').at(-1);
      parentPort.postMessage(readFileSync(\`/proc/\${thread}/timerslack_ns\`, 'utf8'));`;
    const worker = new Worker(new URL(`data:text/javascript,${encodeURIComponent(code)}`));
    const slack = await new Promise<string>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    // A thread of the real-time class has none at all.
    expect(Number(slack)).to.be.at.most(1);
    expect(readFileSync('/proc/self/timerslack_ns', 'utf8')).to.equal(before);
  });
});
