import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'chai';
import type { BackendSession, InferenceOptions, PolicySenses } from '../../src/cosmos/policy-backend.js';
import { DeadlineSession } from '../../src/deployment/deadline-session.js';

const options: InferenceOptions = { candidates: 1, steps: 1, seed: 0 };
const senses = {} as PolicySenses;

/** A session whose answers are given by hand. */
function manual() {
  const answers: (() => void)[] = [];
  const session: BackendSession = {
    reset: () => {},
    infer: () => new Promise((resolve) => answers.push(() => resolve([]))),
  };
  return { answers, session };
}

const failure = (run: Promise<unknown>) =>
  run.then(
    () => 'no error',
    (error: Error) => error.message,
  );

describe('DeadlineSession', () => {
  it('passes on what comes in time', async () => {
    const { answers, session } = manual();
    const counts = { answered: 0, dropped: 0 };
    const engine = new DeadlineSession(session, 5, counts);
    const asked = engine.infer(senses, 'go', options);
    answers[0]();
    expect(await asked).to.deep.equal([]);
    expect(counts).to.deep.equal({ answered: 1, dropped: 0 });
  });

  it('drops and counts what comes late, and takes questions again when that is done', async () => {
    const { answers, session } = manual();
    const counts = { answered: 0, dropped: 0 };
    const engine = new DeadlineSession(session, 0.02, counts);
    expect(await failure(engine.infer(senses, 'go', options))).to.equal('policy: no answer within 20 ms');
    expect(await failure(engine.infer(senses, 'go', options))).to.match(/later than 20 ms and still being computed/);
    expect(counts).to.deep.equal({ answered: 0, dropped: 2 });
    expect(answers).to.have.length(1);
    answers[0]();
    await sleep(1);
    const again = engine.infer(senses, 'go', options);
    answers[1]();
    await again;
    expect(counts).to.deep.equal({ answered: 1, dropped: 2 });
  });

  it('drops what comes late while the thread is held up, and so is its timer', async () => {
    const counts = { answered: 0, dropped: 0 };
    const session: BackendSession = {
      reset: () => {},
      infer: async () => {
        const end = performance.now() + 30;
        while (performance.now() < end);
        return [];
      },
    };
    const engine = new DeadlineSession(session, 0.02, counts);
    expect(await failure(engine.infer(senses, 'go', options))).to.equal('policy: no answer within 20 ms');
    expect(counts).to.deep.equal({ answered: 0, dropped: 1 });
  });
});
