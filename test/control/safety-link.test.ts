import { expect } from 'chai';
import { encodeSafetyWord, SafetyWordReceiver, STOP_ONLY } from '../../src/control/safety-link.js';
import { SharedState } from '../../src/control/shared-state.js';
import { StopMode } from '../../src/control/stop-state.js';

/** What the loop is asked for. */
function requests(shared: SharedState) {
  const calls: unknown[] = [];
  const record = (name: string) => (value?: number) => calls.push(value === undefined ? name : [name, value]);
  const methods = ['heartbeat', 'demandStop', 'allowSpeed', 'requestReset'];
  const controller = Object.fromEntries(methods.map((name) => [name, record(name)]));
  shared.takeRequests(controller as unknown as Parameters<SharedState['takeRequests']>[0]);
  return calls;
}

describe('safety link', () => {
  let shared: SharedState;
  let loop: SharedState;
  let receiver: SafetyWordReceiver;

  beforeEach(() => {
    shared = new SharedState({ joints: 1, groundTruthSize: 0 });
    loop = new SharedState(shared.layout, shared.buffer);
    receiver = new SafetyWordReceiver(shared);
  });

  function word(mode: StopMode, speedScale: number, resets: number, session = 7): Buffer {
    const datagram = Buffer.alloc(20);
    encodeSafetyWord({ mode, speedScale, resets, session }, datagram);
    return datagram;
  }

  it('passes stop, speed and sign of life on', () => {
    receiver.take(word(StopMode.running, 0.5, 0));
    expect(requests(loop)).to.deep.equal(['heartbeat', ['demandStop', 0], ['allowSpeed', 0.5]]);
    receiver.take(word(StopMode.crouch, 1, 0));
    const edge = ['demandStop', StopMode.crouch];
    expect(requests(loop)).to.deep.equal(['heartbeat', edge, edge, ['allowSpeed', 1]]);
    expect(requests(loop)).to.deep.equal([edge, ['allowSpeed', 1]]);
  });

  it('resets when the count of a session grows, not when a new session begins', () => {
    receiver.take(word(StopMode.hold, 1, 3));
    expect(requests(loop)).not.to.include('requestReset');
    receiver.take(word(StopMode.running, 1, 4));
    expect(requests(loop)).to.include('requestReset');
    receiver.take(word(StopMode.running, 1, 4));
    expect(requests(loop)).not.to.include('requestReset');
    receiver.take(word(StopMode.running, 1, 9, 8));
    expect(requests(loop)).not.to.include('requestReset');
    receiver.take(word(StopMode.running, 1, 10, 8));
    expect(requests(loop)).to.include('requestReset');
  });

  it('resets where somebody else stops the loop between two words of the monitor', () => {
    receiver.take(word(StopMode.running, 0.5, 0));
    expect(requests(loop)).not.to.include('requestReset');
    receiver.take(word(StopMode.damping, 1, 0, STOP_ONLY));
    // A stop and nothing else: it is no sign of life of the monitor, and allows no speed.
    const stop = ['demandStop', StopMode.damping];
    expect(requests(loop)).to.deep.equal([stop, ['demandStop', 0], ['allowSpeed', 0.5]]);
    receiver.take(word(StopMode.running, 0.5, 1));
    expect(requests(loop)).to.include('requestReset');
  });

  it('resets what was demanded and withdrawn between two cycles in the second of them', () => {
    receiver.take(word(StopMode.running, 1, 0));
    receiver.take(word(StopMode.hold, 1, 0));
    receiver.take(word(StopMode.running, 1, 1));
    expect(requests(loop)).to.deep.include(['demandStop', StopMode.hold]).and.not.to.include('requestReset');
    expect(requests(loop)).to.include('requestReset');
  });

  it('ignores everything else', () => {
    const wrong = word(StopMode.running, 1, 0);
    wrong[0] = 0;
    for (const datagram of [Buffer.alloc(0), Buffer.alloc(20), Buffer.alloc(5000), wrong]) receiver.take(datagram);
    receiver.take(word(9 as StopMode, 1, 0));
    receiver.take(word(StopMode.running, 1.5, 0));
    expect(requests(loop)).to.deep.equal([
      ['demandStop', 0],
      ['allowSpeed', 1],
    ]);
  });
});
