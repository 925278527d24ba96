import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { expect } from 'chai';
import type { ActionChunk } from '../../src/action/action-chunk.js';
import { OnnxBackend } from '../../src/cosmos/onnx-backend.js';
import { Demonstrator } from '../../src/evaluation/demonstrator.js';
import { ExpertAgent } from '../../src/evaluation/expert-agent.js';
import { PolicyAgent } from '../../src/evaluation/policy-agent.js';
import { type Agent, type Moment, Rollout, surfaceOf } from '../../src/evaluation/rollout.js';
import { rotated } from '../../src/sim/expert/motion.js';
import { createLayout } from '../../src/sim/layout.js';
import { loadTask } from '../../src/sim/scene.js';
import { MODEL as TINY_MODEL } from '../cosmos/model-fixture.js';
import { robot } from '../robot/robot-fixture.js';
import { task } from '../sim/scene-fixture.js';

const MODEL = existsSync(resolve('models/cosmos3_micro/card.json')) ? resolve('models/cosmos3_micro') : TINY_MODEL;
const short = { ...task, time_limit: 1 };
const layout = createLayout(task, 3);

/** An agent that lets the right arm rise by 0.1 m in a second. */
function rising(options: Partial<Agent> = {}): Agent {
  return {
    period: 0.2,
    latency: 0.1,
    reset: () => {},
    act: ({ time, commanded }: Moment): ActionChunk[] => {
      const { pose, gripper } = commanded.right;
      const poses = Float64Array.from({ length: 70 }, (_, i) => pose[i % 7]);
      for (let k = 0; k < 10; k++) poses[7 * k + 2] += 0.01 * (k + 1);
      const anchor = pose.slice();
      return [{ stamp: time, dt: 0.1, arm: 'right', anchor, poses, gripper: new Float64Array(10).fill(gripper) }];
    },
    ...options,
  };
}

/** Lets `agent` act and keeps what the robot measured at every decision. */
function watched(agent: Agent) {
  const trace: number[] = [];
  const heights: [number, number][] = [];
  const watching: Agent = {
    period: agent.period,
    latency: agent.latency,
    reset: (to) => agent.reset(to),
    act: (moment) => {
      const { position, velocity, effort, linearAcceleration } = moment.state;
      trace.push(...position, ...velocity, ...effort, ...linearAcceleration, ...moment.commanded.right.pose);
      heights.push([moment.time, moment.commanded.right.pose[2]]);
      return agent.act(moment);
    },
  };
  return { watching, trace, heights };
}

describe('Rollout', function () {
  this.timeout(120_000);
  let rollout: Rollout;
  before(async () => {
    rollout = await Rollout.create(robot, short);
  });

  const run = async (agent: Agent, seed: number, on = rollout) => {
    const { watching, trace, heights } = watched(agent);
    const result = await on.run(watching, createLayout(task, seed));
    const qpos = new Float64Array(on.simulation.stateSize);
    on.simulation.copyState(qpos);
    return { result, heights, bits: Float64Array.from([...trace, ...qpos]) };
  };

  it('gives the same bits for the same seed with the trained policy, whatever ran before', async () => {
    const backend = new OnnxBackend(MODEL, robot.names, 1);
    await backend.load();
    const agent = await PolicyAgent.create(rollout, backend);
    const first = await run(agent, 500000);
    const other = await run(agent, 500001);
    const again = await run(agent, 500000);
    expect(again).to.deep.equal(first);
    expect(other.bits).to.not.deep.equal(first.bits);
    await backend.dispose();
  });

  it('gives the same bits for the same seed with the disturbed expert, whose plan stays clean', async () => {
    const seed = 2;
    const expert = new ExpertAgent(rollout, task, true);
    const first = await run(expert, seed);
    let disturbed = 0;
    const comparing = {
      ...rising(),
      period: expert.period,
      latency: expert.latency,
      reset: expert.reset.bind(expert),
      act: (moment: Moment) => {
        const chunks = expert.act(moment);
        const [chunk] = chunks;
        const { plan } = expert;
        if (plan!.poses.some((value, i) => value !== chunk.poses[i])) disturbed++;
        return chunks;
      },
    };
    expect((await run(comparing, seed)).bits).to.deep.equal(first.bits);
    const clean = new ExpertAgent(rollout, task, false);
    const undisturbed = await run(clean, seed);
    expect(disturbed > 0).to.equal(undisturbed.bits.some((value, i) => value !== first.bits[i]));
  });

  it('ends a failed episode at the time limit and says why', async () => {
    const { result, heights } = await run(rising(), 3);
    expect(result).to.deep.equal({
      seed: 3,
      instruction: layout.text,
      success: false,
      duration: 1,
      cause: `${layout.instruction.target} was not reached`,
      violations: 0,
    });
    expect(heights.map(([time]) => time)).to.deep.equal([0, 0.2, 0.4, 0.6, 0.8]);
    expect(heights[4][1]).to.be.above(heights[0][1] + 0.03);
  });

  it('lets a chunk take over when the latency has passed, also when that is longer than the period', async () => {
    for (const [period, latency] of [
      [0.1, 0],
      [0.1, 0.1],
      [0.1, 0.25],
    ]) {
      const { heights } = await run(rising({ period, latency }), 3);
      const start = heights[0][1];
      // It fades in: the hand sets out gently.
      const first = heights.find(([, height]) => height > start + 1e-5)![0];
      // The plan in force when a chunk takes over reaches one cycle ahead.
      expect(first, `${period} ${latency}`).to.be.within(latency, latency + period + 0.011);
    }
  });

  it('counts the cycles in which a limit is violated', async () => {
    const joint = robot.index('head_yaw_joint');
    const pushy = rising({
      act: (moment) => {
        moment.simulation.data.qvel[6 + joint] = 2 * robot.urdf.joints[joint].velocity;
        return rising().act(moment);
      },
    });
    const { result } = await run(pushy, 3);
    expect(result.violations).to.be.within(1, 900);
  });

  it('passes on what an agent throws, and what the decoder refuses', async () => {
    const message = (act: Agent['act']) =>
      rollout.run(rising({ act }), layout).then(
        () => 'no error',
        (error: Error) => error.message,
      );
    const failing = () => {
      throw new Error('no idea');
    };
    expect(await message(failing)).to.equal('no idea');
    const bad = (moment: Moment) => {
      const [chunk] = rising().act(moment) as ActionChunk[];
      return [{ ...chunk, gripper: new Float64Array(10).fill(Number.NaN) }];
    };
    expect(await message(bad)).to.include('is not finite');
  });
});

describe('Rollout of a robot that stands, with noisy sensors', function () {
  this.timeout(120_000);

  it('has the hand where it is commanded', async () => {
    const standing = await Rollout.create(robot, short, { support: 'harness' });
    const errors: number[] = [];
    const pose = new Float64Array(7);
    const act = (moment: Moment) => {
      const { simulation, commanded, time } = moment;
      simulation.linkPoseInBase(simulation.link(robot.gripperFrames.right), pose);
      if (time >= 0.3) errors.push(Math.hypot(...[0, 1, 2].map((i) => pose[i] - commanded.right.pose[i])));
      return rising().act(moment);
    };
    await standing.run(rising({ period: 0.1, act }), layout);
    expect(errors.length).to.equal(7);
    expect(Math.max(...errors)).to.be.below(0.008);
  });

  it('leaves a cup standing in the bin, which the closing hand does not tip', async () => {
    const standing = await Rollout.create(robot, task, { support: 'harness' });
    const { success, cause } = await standing.run(new ExpertAgent(standing, task, false), createLayout(task, 11));
    expect(success, cause).to.equal(true);
    const pose = new Float64Array(7);
    standing.simulation.linkPose(standing.simulation.body('red_cup'), pose);
    const [, , upright] = rotated(pose, [0, 0, 1]);
    expect(upright, 'cosine of the tilt').to.be.greaterThan(Math.cos(0.3));
  });

  it('lets the expert open a door, whose handle pulls at the torso', async () => {
    const door = loadTask(resolve('config/scenes/door_opening.yaml'));
    const standing = await Rollout.create(robot, door, { support: 'harness' });
    const expert = new ExpertAgent(standing, door, false);
    const { success, cause } = await standing.run(expert, createLayout(door, 330002));
    expect(success, cause).to.equal(true);
  });

  it('lets the expert open a drawer, whose front its fingertips do not push', async () => {
    const drawer = loadTask(resolve('config/scenes/drawer_manipulation.yaml'));
    // As demonstrations are made: with the slower fade of an evaluation the hand got round the handle even where it pushed.
    const options = { disturbed: false, images: false, support: 'harness' } as const;
    const demonstrator = await Demonstrator.create(robot, drawer, options);
    const { success, cause } = (await demonstrator.run(121000)).result;
    expect(success, cause).to.equal(true);
  });
});

describe('surfaceOf', () => {
  it('finds the table’s top and edge in base_link', () => {
    const { surface } = surfaceOf(task);
    expect(surface!.height).to.be.closeTo(0.81 - 0.86, 1e-12);
    expect(surface!.edge).to.be.closeTo(0.24, 1e-12);
    const { table: _, ...bodies } = task.scene.bodies;
    expect(surfaceOf({ ...task, scene: { ...task.scene, bodies } })).to.deep.equal({});
  });
});
