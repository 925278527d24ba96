import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeActions } from '../../src/action/action-space.js';
import { readEpisodes } from '../../src/dataset/bag-episodes.js';
import type { BagEpisode } from '../../src/dataset/episode-reader.js';
import { intrinsicsFromFov } from '../../src/perception/camera-model.js';
import type { BagWriter } from '../../src/recorder/bag-writer.js';
import { cameraInfoMessage } from '../../src/ros/camera-info.js';
import { Codec } from '../../src/ros/codec.js';
import { readMessageText } from '../../src/ros/message-definition.js';
import type { MessageInput, MessageType } from '../../src/ros/messages.js';
import { poseMessage } from '../../src/ros/pose-messages.js';
import { toStamp } from '../../src/ros/time.js';
import { createLayout } from '../../src/sim/layout.js';
import { Simulation } from '../../src/sim/simulation.js';
import { runCommand } from '../cli/command.js';
import { Folder } from '../recorder/bag-fixture.js';
import { robot } from '../robot/robot-fixture.js';
import { task } from '../sim/scene-fixture.js';

/** s since the epoch. */
const T0 = 1_772_366_400;
const [WIDTH, HEIGHT] = [64, 48];
const SENTENCE = 'pick up the red cup and place it in the bin';
const Status = { executing: 2, succeeded: 4, aborted: 6 };

/** The right hand moves along y. */
const pose = (time: number) => Float64Array.of(0.3, 0.05 * time, 0.1, 0, 0, 0, 1);
const INTRINSICS = intrinsicsFromFov(WIDTH, HEIGHT, 1.2);

/** Writes what the graph would, with known values. */
class Story {
  readonly #bag: BagWriter;
  readonly #namespace: string;
  readonly #topics = new Map<string, { readonly handle: number; readonly codec: Codec<MessageType> }>();

  constructor(bag: BagWriter, namespace = '/') {
    this.#bag = bag;
    this.#namespace = namespace;
  }

  /** @param time of the recording, s after T0 */
  tell<T extends MessageType>(time: number, topic: string, type: T, message: MessageInput<T>): void {
    let entry = this.#topics.get(topic);
    if (entry === undefined) {
      const name = `${this.#namespace}${topic}`;
      const definition = readMessageText(type);
      const handle = this.#bag.addTopic({ name, type, definition, typeHash: '', offeredQos: [] });
      entry = { handle, codec: new Codec(type) as unknown as Codec<MessageType> };
      this.#topics.set(topic, entry);
    }
    const stamp = BigInt(Math.round((T0 + time) * 1e6)) * 1000n;
    this.#bag.write(entry.handle, stamp, entry.codec.encode(message as never));
  }

  instruct(time: number, data: string): void {
    this.tell(time, 'instruction', 'std_msgs/msg/String', { data });
  }

  status(time: number, begin: number, status: number): void {
    const status_list = [{ goal_info: { stamp: toStamp(T0 + begin) }, status }];
    this.tell(time, 'execute_instruction/_action/status', 'action_msgs/msg/GoalStatusArray', { status_list });
  }

  /** Commands at 100 Hz and observations at 15 Hz from `begin` to `end`, s after T0. */
  move(begin: number, end: number, skip: (time: number) => boolean = () => false): void {
    const hands = (time: number) => ({
      arms: ['left', 'right'],
      poses: [poseMessage(pose(0)), poseMessage(pose(time))],
      grippers: [0, 0.25],
    });
    let frame = begin;
    for (let time = begin; time < end; time += 0.01) {
      const header = { stamp: toStamp(T0 + time), frame_id: 'base_link' };
      this.tell(time, 'motion_planner/hand_reference', 'cosmos_humanoid/msg/HandReference', { header, ...hands(time) });
      if (time < frame) continue;
      frame += 1 / 15;
      if (skip(time)) continue;
      const grey = Math.round(10 * time);
      this.tell(time + 0.005, 'camera_fusion/observation', 'cosmos_humanoid/msg/FusedObservation', {
        header,
        cameras: [camera(grey)],
        joint_positions: new Float64Array(75).fill(0.01 * time),
        commanded: hands(time),
        measured: hands(time - 0.1),
      });
    }
  }
}

function camera(grey: number): MessageInput<'cosmos_humanoid/msg/CameraObservation'> {
  const pixels = WIDTH * HEIGHT;
  const size = { width: WIDTH, height: HEIGHT, is_bigendian: 0 };
  return {
    name: 'head_camera',
    color: { ...size, encoding: 'rgb8', step: 3 * WIDTH, data: new Uint8Array(3 * pixels).fill(grey) },
    depth: {
      ...size,
      encoding: '32FC1',
      step: 4 * WIDTH,
      data: new Uint8Array(new Float32Array(pixels).fill(1).buffer),
    },
    camera_info: cameraInfoMessage({ frame_id: 'head_camera_optical_frame' }, INTRINSICS),
    pose: poseMessage([0.1, 0.2, 0.3, 0, 0, 0, 1]),
  };
}

describe('readEpisodes', function () {
  this.timeout(60_000);
  let folder: Folder;
  beforeEach(() => {
    folder = new Folder();
  });
  afterEach(() => folder.remove());

  /** Records a story and reads its episodes. */
  async function episodes(tell: (story: Story) => void, namespace?: string): Promise<BagEpisode[]> {
    const bag = await folder.record();
    tell(new Story(bag, namespace));
    await bag.close();
    const found: BagEpisode[] = [];
    for await (const episode of readEpisodes(folder.bag, robot, 'right')) found.push(episode);
    return found;
  }

  /** Two seconds of an instruction, from `begin` on. */
  const run = (story: Story, begin: number, outcome: number, sentence = SENTENCE, then = () => {}) => {
    story.instruct(begin, sentence);
    story.status(begin + 0.01, begin, Status.executing);
    then();
    story.move(begin, begin + 2);
    story.instruct(begin + 2, '');
    story.status(begin + 2.02, begin, outcome);
    story.move(begin + 2.03, begin + 4);
  };

  for (const namespace of ['/', '/robots/first/']) {
    it(`makes a step of each tenth of a second, namespace ${namespace}`, async () => {
      const [episode, ...others] = await episodes((story) => {
        story.move(0, 1);
        run(story, 1, Status.succeeded);
      }, namespace);
      expect(others).to.have.length(0);
      expect(episode).to.include({ instruction: SENTENCE, outcome: 'succeeded', problem: '', objects: 'none' });
      const { steps } = episode!;
      expect(steps.length).to.be.within(18, 21);
      for (const [i, { state, plan, color, depth, camera: view, objects, qpos }] of steps.entries()) {
        // The commanded position tells the time.
        const time = state[1]! / 0.05;
        expect(time).to.be.closeTo(1 + 0.1 * i, 0.08);
        expect(state[10]).to.be.closeTo(0.05 * (time - 0.1), 1e-6);
        expect([state[18], state[20]].map((value) => value!.toFixed(4))).to.deep.equal([
          '0.2500',
          (0.01 * time).toFixed(4),
        ]);
        const anchor = pose(time);
        const { poses } = decodeActions(plan, { stamp: time, dt: 0.1, arm: 'right', anchor });
        for (let k = 0; k < 10; k++) {
          const ahead = Math.min(time + 0.1 * (k + 1), 4.5);
          expect(poses[7 * k + 1]).to.be.closeTo(pose(ahead)[1]!, 2e-3);
        }
        expect(color![0]).to.equal(Math.round(10 * time));
        expect(depth![0]).to.equal(10_000);
        expect([...view!.slice(0, 2)]).to.deep.equal([Math.fround(INTRINSICS.fx), Math.fround(INTRINSICS.fy)]);
        expect(view![7]).to.be.closeTo(0.1, 1e-6);
        expect([objects, qpos]).to.deep.equal([undefined, undefined]);
      }
    });
  }

  it('tells episodes apart, and how they ended', async () => {
    const found = await episodes((story) => {
      run(story, 0, Status.succeeded);
      run(story, 5, Status.aborted, 'go on');
      story.instruct(10, 'first');
      story.move(10, 11);
      story.instruct(11, 'second');
      story.move(11, 12);
    });
    expect(found.map(({ instruction, outcome, steps }) => [instruction, outcome, steps.length > 8])).to.deep.equal([
      [SENTENCE, 'succeeded', true],
      ['go on', 'failed', true],
      ['first', 'unknown', true],
      ['second', 'unknown', true],
    ]);
  });

  it('takes a goal that never ended for a failure, also where it was begun before the instruction', async () => {
    const [one] = await episodes((story) => {
      story.status(0.99, 0.99, Status.executing);
      story.instruct(1, SENTENCE);
      story.move(1, 3);
    });
    expect(one.outcome).to.equal('failed');
  });

  it('goes on after a message that is none, and names it', async () => {
    const [broken, whole] = await episodes((story) => {
      const hands = { arms: ['right'], poses: [], grippers: [] };
      run(story, 0, Status.succeeded, SENTENCE, () =>
        story.tell(0.02, 'motion_planner/hand_reference', 'cosmos_humanoid/msg/HandReference', hands),
      );
      run(story, 5, Status.succeeded, 'go on');
    });
    expect(broken.problem).to.equal('motion_planner/hand_reference: 1 arms, 0 poses, 0 grippers');
    expect(whole).to.include({ problem: '', outcome: 'succeeded' });
  });

  it('says why an episode cannot be used', async () => {
    const found = await episodes((story) => {
      story.instruct(0, 'with a gap');
      story.move(0, 2, (time) => time > 0.5 && time < 1.2);
      story.instruct(2, 'without observations');
      story.move(2, 3, () => true);
    });
    expect(found.map(({ problem, steps }) => [problem.replace(/[\d.]+ s/, 'T s'), steps.length])).to.deep.equal([
      ['no observation for T s', 0],
      ['no observation', 0],
    ]);
  });

  it('takes the positions of the objects from the policy, where there is no simulation', async () => {
    const [episode] = await episodes((story) => {
      story.instruct(0, SENTENCE);
      for (const [time, x] of [
        [0.2, 0.4],
        [1, 0.5],
      ] as const) {
        const objects = [x, -x].map((y) => ({ name: 'it', pose: poseMessage([x, y, 0, 0, 0, 0, 1]) }));
        const message = { header: { stamp: toStamp(T0 + time) }, objects };
        story.tell(time, 'cosmos/action_prediction', 'cosmos_humanoid/msg/ActionPrediction', message);
      }
      story.move(0, 1.5);
    });
    expect(episode).to.include({ objects: 'policy', problem: '' });
    expect(episode!.steps[0]!.objects).to.deep.equal([0.4, 0.4, 0, 0.4, -0.4, 0]);
    expect(episode!.steps.at(-1)!.objects).to.deep.equal([0.5, 0.5, 0, 0.5, -0.5, 0]);
  });

  it('takes them from the ground truth where the robot was simulated', async () => {
    const layout = createLayout(task, 21, SENTENCE);
    const simulation = await Simulation.create(robot, task.scene);
    simulation.reset(layout);
    const qpos = new Float64Array(simulation.stateSize);
    simulation.copyState(qpos);
    const [target, receptacle] = [new Float64Array(3), new Float64Array(3)];
    simulation.bodyPositionInBase(layout.instruction.target, target);
    simulation.bodyPositionInBase(layout.instruction.receptacle, receptacle);
    simulation.delete();
    const [episode] = await episodes((story) => {
      story.instruct(0, SENTENCE);
      const state = { scene: task.task, seed: 21n, instruction: SENTENCE, episode: 1, qpos };
      for (let time = 0; time < 1; time += 0.02) {
        const message = { header: { stamp: toStamp(T0 + time) }, ...state };
        story.tell(time, 'sim/state', 'cosmos_humanoid/msg/SimState', message);
      }
      story.move(0, 1);
    });
    expect(episode).to.include({ objects: 'simulation', problem: '' });
    const { objects, qpos: copied } = episode!.steps[3]!;
    for (const [i, value] of [...target, ...receptacle].entries()) expect(objects![i]).to.be.closeTo(value, 1e-9);
    expect([...copied!]).to.deep.equal([...qpos]);
  });

  it('names the topics that a bag lacks', async () => {
    let message = '';
    await episodes((story) => story.instruct(0, SENTENCE)).catch((error: Error) => {
      message = error.message;
    });
    expect(message).to.match(
      /bag lacks \/camera_fusion\/observation \(what it saw and felt\), \/motion_planner\/hand_/,
    );
  });

  describe('npm run dataset', () => {
    it('writes a data set of the episodes that succeeded', async () => {
      await episodes((story) => {
        run(story, 0, Status.succeeded);
        run(story, 5, Status.aborted, 'go on');
      });
      const out = join(folder.path, 'set');
      const { code, output, errors } = await runCommand('dataset', folder.bag, '--out', out);
      expect(code, errors).to.equal(0);
      expect(output).to.match(/"go on", failed: left out \(--failed takes it\)/);
      expect(output).to.match(/1 episodes, \d+ steps in/);
      const info = JSON.parse(readFileSync(join(out, 'meta/info.json'), 'utf8'));
      expect(info).to.include({ total_episodes: 1, fps: 10, arm: 'right', codebase_version: 'v2.1' });
      expect(info.recordings).to.deep.equal([folder.bag]);
      expect(existsSync(join(out, 'data/chunk-000/episode_000000.parquet'))).to.equal(true);
      expect((await runCommand('dataset', folder.bag, '--out', out)).errors).to.match(/--out: .*set exists/);
      const all = await runCommand('dataset', folder.bag, '--out', out, '--force', '--failed');
      expect(all.output).to.match(/2 episodes/);
      const told = readFileSync(join(out, 'meta/episodes.jsonl'), 'utf8').trim().split('\n');
      expect(told.map((line) => JSON.parse(line).success)).to.deep.equal([true, false]);
    });

    it('replaces a data set only by a whole one, and nothing else', async () => {
      await episodes((story) => run(story, 0, Status.succeeded));
      const out = join(folder.path, 'set');
      await runCommand('dataset', folder.bag, '--out', out);
      const lost = await runCommand('dataset', folder.bag, join(folder.path, 'none'), '--out', out, '--force');
      expect(lost.errors).to.match(/there is no bag/);
      expect(existsSync(join(out, 'data/chunk-000/episode_000000.parquet'))).to.equal(true);
      expect(existsSync(`${out}.part`)).to.equal(false);
      const { errors } = await runCommand('dataset', folder.bag, '--out', folder.path, '--force');
      expect(errors).to.match(/--force: .* holds no data set/);
      expect(existsSync(folder.bag)).to.equal(true);
    });

    it('says what is wrong with its input', async () => {
      const out = join(folder.path, 'set');
      const said = async (...args: string[]) => {
        const { code, errors } = await runCommand('dataset', ...args);
        expect(code).to.equal(1);
        return errors;
      };
      await episodes((story) => {
        run(story, 0, Status.aborted);
      });
      expect(await said(folder.bag, '--out', out)).to.match(/no instruction that can be used/);
      expect(existsSync(out)).to.equal(false);
      expect(await said(join(folder.path, 'none'), '--out', out)).to.match(/^dataset: there is no bag/);
      expect(await said('--out', out)).to.match(/needs a BAG/);
    });
  });
});
