import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { DT, Loop } from './stop-loop-fixture.js';

/** Time in which the robot comes to rest, s. */
const SETTLED = 0.5;

describe('transitions of the loop (docs/safety.md)', () => {
  it('1 waiting → running', () => {
    const loop = Loop.in('waiting');
    loop.hear();
    loop.run(DT);
    expect(loop.state).to.equal('running');
  });

  it('2, 3 running → slow → running', () => {
    const loop = Loop.in('running');
    loop.controller.allowSpeed(0.5);
    loop.run(DT);
    expect(loop.state).to.equal('slow');
    loop.controller.allowSpeed(1);
    loop.run(DT);
    expect(loop.state).to.equal('running');
  });

  for (const from of ['waiting', 'running', 'slow'] as const) {
    it(`4 ${from} → hold`, () => {
      const loop = Loop.in(from);
      loop.demand(2);
      loop.run(DT);
      expect([loop.state, loop.stiffness]).to.deep.equal(['hold', 400]);
      loop.withdraw();
      loop.run(SETTLED);
      expect([loop.state, loop.speed]).to.deep.equal(['hold', 0]);
    });
  }

  for (const from of ['waiting', 'running', 'slow', 'hold'] as const) {
    it(`5, 6 ${from} → crouch → damping`, () => {
      const loop = Loop.in(from);
      loop.demand(1);
      loop.run(0.05);
      expect([loop.state, loop.stiffness, loop.controller.balancing]).to.deep.equal(['crouch', 400, true]);
      loop.withdraw();
      loop.run(SETTLED);
      expect([loop.state, loop.stiffness, loop.controller.balancing]).to.deep.equal(['damping', 0, false]);
    });
  }

  for (const from of ['waiting', 'running', 'slow', 'hold', 'crouch'] as const) {
    it(`7 ${from} → damping`, () => {
      const loop = Loop.in(from);
      loop.demand(0);
      loop.run(DT);
      expect([loop.state, loop.stiffness]).to.deep.equal(['damping', 0]);
    });
  }

  for (const [number, from] of [
    [8, 'hold'],
    [9, 'crouch'],
    [10, 'damping'],
  ] as const) {
    it(`${number} ${from} → running`, () => {
      const loop = Loop.in(from);
      loop.run(0.05);
      loop.withdraw();
      loop.run(DT);
      expect(loop.state, 'latched').to.equal(from);
      loop.controller.requestReset();
      loop.run(DT);
      expect([loop.state, loop.stiffness]).to.deep.equal(['running', 400]);
      loop.run(SETTLED);
      expect(loop.speed).to.equal(0);
    });
  }

  for (const from of ['hold', 'crouch', 'damping'] as const) {
    it(`11 ${from} → ${from}: no reset while the cause is present`, () => {
      const loop = Loop.in(from);
      loop.controller.requestReset();
      loop.run(DT);
      expect(loop.state).to.equal(from);
      expect(loop.controller.resetRefusal).not.to.equal(0);
    });
  }

  it('no transition leads down without a reset', () => {
    for (const from of ['crouch', 'damping'] as const) {
      const loop = Loop.in(from);
      loop.demand(2);
      loop.run(0.05);
      expect(loop.state).to.equal(from);
    }
  });

  it('stopping and resetting allocate no objects', async () => {
    const worker = new Worker(new URL('./stop-allocation.js', import.meta.url));
    const [bytes] = (await once(worker, 'message')) as [number];
    await worker.terminate();
    // What is left are numbers that the engine boxes to hand them on; one array more would be seen.
    expect(bytes).to.be.below(80);
  });
});
