import { expect } from 'chai';
import type { PolicyBackend } from '../../src/cosmos/policy-backend.js';
import { PolicyCache } from '../../src/deployment/policy-cache.js';

/** Backends that write down what happens to them. */
function recording() {
  const events: string[] = [];
  const create =
    (name: string, broken = false) =>
    (): PolicyBackend => ({
      description: { policy: name, arms: ['right'], horizon: 10, dt: 0.1 },
      load: async () => {
        events.push(`load ${name}`);
        if (broken) throw new Error(`${name} is damaged`);
      },
      createSession: () => {
        throw new Error('not asked');
      },
      dispose: async () => {
        events.push(`dispose ${name}`);
      },
    });
  return { events, create };
}

describe('PolicyCache', () => {
  it('loads once however many ask', async () => {
    const { events, create } = recording();
    const cache = new PolicyCache(2);
    const leases = await Promise.all([cache.acquire('a', create('a')), cache.acquire('a', create('a'))]);
    expect(leases[0].backend).to.equal(leases[1].backend);
    expect(events).to.deep.equal(['load a']);
  });

  it('keeps what is unused until its room is needed, and puts out the one unused for longest', async () => {
    const { events, create } = recording();
    const cache = new PolicyCache(2);
    for (const name of ['a', 'b']) (await cache.acquire(name, create(name))).release();
    (await cache.acquire('a', create('a'))).release();
    (await cache.acquire('c', create('c'))).release();
    expect(events).to.deep.equal(['load a', 'load b', 'load c', 'dispose b']);
    expect(cache.size).to.equal(2);
  });

  it('never puts out what is in use; a lease counts once', async () => {
    const { events, create } = recording();
    const cache = new PolicyCache(1);
    const first = await cache.acquire('a', create('a'));
    const second = await cache.acquire('a', create('a'));
    second.release();
    second.release();
    const other = await cache.acquire('b', create('b'));
    expect(events).to.deep.equal(['load a', 'load b']);
    first.release();
    other.release();
    await cache.acquire('c', create('c'));
    expect(events).to.deep.equal(['load a', 'load b', 'load c', 'dispose a', 'dispose b']);
  });

  it('tries anew what could not be loaded', async () => {
    const { events, create } = recording();
    const cache = new PolicyCache(1);
    const failure = await cache.acquire('a', create('a', true)).catch((error: Error) => error.message);
    expect(failure).to.equal('a is damaged');
    await cache.acquire('a', create('a'));
    expect(events).to.deep.equal(['load a', 'load a']);
  });

  it('puts out everything in the end', async () => {
    const { events, create } = recording();
    const cache = new PolicyCache(3);
    await cache.acquire('a', create('a'));
    await cache.dispose();
    expect(events).to.deep.equal(['load a', 'dispose a']);
  });
});
