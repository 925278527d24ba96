import { resolve } from 'node:path';
import { expect } from 'chai';
import { ExpertAgent } from '../../src/evaluation/expert-agent.js';
import { type Agent, type HandCommand, type Moment, Rollout } from '../../src/evaluation/rollout.js';
import { createLayout } from '../../src/sim/layout.js';
import { loadTask } from '../../src/sim/scene.js';
import { robot } from '../robot/robot-fixture.js';

/** Decisions from one to the next at which the onlooker is asked: it sees none of the places between. */
const SELDOM = 4;
const CLOSED = 0.7;

/** What a network commands: a hand that is neither quite open nor quite closed. */
function nearly({ pose, gripper }: HandCommand): HandCommand {
  return { pose, gripper: 0.03 + 0.93 * gripper };
}

describe('ExpertAgent', function () {
  this.timeout(120_000);

  for (const name of [
    'pick_and_place',
    'tool_picking',
    'drawer_manipulation',
    'human_handoff',
    'obstacle_navigation',
  ]) {
    it(`goes by what another one has done: ${name}`, async () => {
      const task = loadTask(resolve(`config/scenes/${name}.yaml`));
      const rollout = await Rollout.create(robot, task);
      const [actor, onlooker] = [new ExpertAgent(rollout, task, false), new ExpertAgent(rollout, task, false)];
      const stages: [acts: string, looksOn: string][] = [];
      const opened: string[] = [];
      let decisions = 0;
      const watched: Agent = {
        period: actor.period,
        latency: actor.latency,
        reset: (to) => {
          actor.reset(to);
          onlooker.reset(to);
        },
        act: (moment: Moment) => {
          const chunks = actor.act(moment);
          if (decisions++ % SELDOM === 0) {
            onlooker.act({
              ...moment,
              commanded: { left: nearly(moment.commanded.left), right: nearly(moment.commanded.right) },
            });
            stages.push([actor.stage, onlooker.stage]);
            // Whoever acts holds something and will go on holding it.
            const keeps = moment.commanded[actor.arm].gripper > CLOSED && actor.plan!.gripper.every((g) => g > CLOSED);
            if (keeps && onlooker.plan!.gripper.some((g) => g < CLOSED)) {
              opened.push(`${moment.time.toFixed(1)} s: ${actor.stage}, onlooker: ${onlooker.stage}`);
            }
          }
          return chunks;
        },
      };
      for (const seed of [11, 12, 13]) {
        const result = await rollout.run(watched, createLayout(task, seed));
        expect(result.success, `${seed}: ${result.cause}`).to.equal(true);
      }
      expect(opened).to.deep.equal([]);
      const same = stages.filter(([acts, looksOn]) => acts === looksOn).length;
      expect(same / stages.length, stages.join(' ')).to.be.above(0.7);
    });
  }
});
