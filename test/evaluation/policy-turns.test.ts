import { expect } from 'chai';
import type { ActionChunk } from '../../src/action/action-chunk.js';
import { OnnxBackend } from '../../src/cosmos/onnx-backend.js';
import { ExpertAgent } from '../../src/evaluation/expert-agent.js';
import { PolicyAgent } from '../../src/evaluation/policy-agent.js';
import { PolicyTurns } from '../../src/evaluation/policy-turns.js';
import { type Agent, Rollout } from '../../src/evaluation/rollout.js';
import { createLayout } from '../../src/sim/layout.js';
import { MODEL } from '../cosmos/model-fixture.js';
import { robot } from '../robot/robot-fixture.js';
import { task } from '../sim/scene-fixture.js';

describe('PolicyTurns', function () {
  this.timeout(120_000);

  /** Whose chunks an episode of 10 s of `seed` executes: one letter a decision. */
  async function actors(seed: number): Promise<string> {
    const rollout = await Rollout.create(robot, { ...task, time_limit: 10 });
    const backend = new OnnxBackend(MODEL, robot.names, 1);
    await backend.load();
    const turns = new PolicyTurns(await PolicyAgent.create(rollout, backend));
    const expert = new ExpertAgent(rollout, task, false);
    let letters = '';
    const agent: Agent = {
      period: expert.period,
      latency: 0,
      reset: (layout) => {
        expert.reset(layout);
        turns.reset(layout);
      },
      act: async (moment) => {
        const own: readonly ActionChunk[] = expert.act(moment);
        const chosen = await turns.choose(moment, own);
        for (const { dt } of chosen) expect(dt).to.equal(own[0].dt);
        letters += chosen === own ? 'e' : chosen.length > 0 ? 'P' : 'p';
        return chosen;
      },
    };
    await rollout.run(agent, createLayout(task, seed));
    return letters;
  }

  it('lets policy and expert act by turns, the policy at its own rate, the same ones for the same seed', async () => {
    const letters = await actors(11);
    const runs = letters.match(/e+|[Pp]+/g)!;
    expect(runs.length, letters).to.be.at.least(3);
    // Turns of 0.5 to 6 s at 10 decisions a second; the last one may be cut off.
    for (const run of runs.slice(0, -1)) expect(run.length, letters).to.be.within(5, 61);
    // An answer every 0.2 s, now 0.1 s, now 0.2 s late.
    for (const run of runs.filter((turn) => turn[0] !== 'e'))
      expect(run.replaceAll('p', '').length, letters).to.be.within(run.length / 2 - 2, run.length / 2 + 1);
    expect(letters).to.match(/PpP/).and.to.match(/PP/);
    expect(await actors(11)).to.equal(letters);
  });
});
