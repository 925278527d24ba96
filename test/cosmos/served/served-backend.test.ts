import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { expect } from 'chai';
import type { PolicySenses } from '../../../src/cosmos/policy-backend.js';
import { PolicySession } from '../../../src/cosmos/policy-session.js';
import { type Embodiment, loadEmbodiment } from '../../../src/cosmos/served/embodiment.js';
import { ServedBackend } from '../../../src/cosmos/served/served-backend.js';
import { createPolicyFrame } from '../../../src/perception/policy-image.js';
import { Kinematics } from '../../../src/robot/kinematics.js';
import { robot } from '../../robot/robot-fixture.js';

const PYTHON = '.ros/test-venv/bin/python3';
const options = { candidates: 1, steps: 1 };

const failure = async (run: Promise<unknown>) =>
  run.then(
    () => 'no error',
    (error: Error) => error.message,
  );

describe('ServedBackend', function () {
  this.timeout(20_000);
  let kinematics: Kinematics;
  let server: ChildProcess | undefined;
  let backend: ServedBackend | undefined;
  let url: string;

  before(async () => {
    kinematics = await Kinematics.create(robot);
  });
  after(() => kinematics?.delete());
  afterEach(async () => {
    await backend?.dispose();
    server?.kill('SIGKILL');
  });

  const positions = robot.posture('table_work');
  const senses = (stamp = 1): PolicySenses => {
    kinematics.setPositions(positions);
    const hand = (frame: string) => {
      const pose = new Float64Array(7);
      kinematics.pose(kinematics.frame(frame), pose);
      return { commandedPose: pose, commandedGripper: 0.25, measuredPose: pose };
    };
    const color = new Uint8Array(3 * 320 * 240).fill(128);
    return {
      stamp,
      frame: createPolicyFrame(),
      pictures: new Map(
        ['head_camera', 'right_wrist_camera'].map((name) => [name, { width: 320, height: 240, color }]),
      ),
      hands: { left: hand('l_gripper'), right: hand('r_gripper') },
      positions,
    };
  };

  /** @returns the peer's port */
  async function spawnPeer(protocol: 'openpi' | 'gr00t', port = '0'): Promise<string> {
    const peer = ['test/cosmos/served/peer_server.py', protocol, port];
    server = spawn(PYTHON, peer, { stdio: ['ignore', 'pipe', 'inherit'] });
    const [line] = (await once(createInterface(server.stdout!), 'line')) as [string];
    return line;
  }

  /** Starts a peer and connects to it. */
  async function serve(protocol: 'openpi' | 'gr00t', change: Partial<Embodiment>): Promise<PolicySession> {
    const port = await spawnPeer(protocol);
    const file = protocol === 'openpi' ? 'openpi_droid' : 'gr00t_sharpa';
    url = `${protocol === 'openpi' ? 'ws' : 'tcp'}://127.0.0.1:${port}`;
    const embodiment = { ...loadEmbodiment(`config/policies/${file}.yaml`), url, timeout: 2, ...change };
    backend = new ServedBackend(embodiment, robot, kinematics);
    await backend.load();
    return new PolicySession(backend, options);
  }

  describe('with openpi’s messages', () => {
    const start = () => {
      const image = { camera: 'head_camera', width: 224, height: 224, ages: [0] };
      return serve('openpi', { images: { 'observation/image': image } });
    };

    it('turns joint positions into motion of the hand, by the robot’s kinematics', async () => {
      const session = await start();
      const [{ prediction, chunk }] = await session.infer(senses(), 'push the cup');
      expect(prediction).to.include({ policy: 'pi05_droid', arm: 'right', horizon: 6, candidates: 1 });
      expect(chunk.dt).to.be.closeTo(1 / 15, 1e-4);
      const moved = positions.slice();
      for (const joint of robot.group('right_arm')) moved[joint] = robot.clamp(joint, moved[joint] + 0.06);
      kinematics.setPositions(moved);
      const expected = new Float64Array(7);
      kinematics.pose(kinematics.frame('r_gripper'), expected);
      for (let i = 0; i < 3; i++) expect(chunk.poses[35 + i]).to.be.closeTo(expected[i], 1e-6);
      // 240 of 320 rows are picture, 128 of 255 bright; the rest is padding.
      expect(chunk.gripper[5]).to.be.closeTo((0.75 * 128) / 255, 1e-3);
    });

    it('passes on what the server says when it fails, and connects again', async () => {
      const session = await start();
      expect(await failure(session.infer(senses(), 'fail'))).to.match(/ValueError: the policy is out of order/);
      expect(await session.infer(senses(), 'push the cup')).to.have.length(1);
    });

    it('gives up on a server that hangs, after the time-out', async () => {
      const session = await start();
      expect(await failure(session.infer(senses(), 'hang'))).to.match(/did not answer within 2 s/);
    });

    it('refuses what is not finite', async () => {
      const session = await start();
      expect(await failure(session.infer(senses(), 'nan'))).to.match(/'actions' is NaN at waypoint 2, column 3/);
    });

    it('refuses an array of another shape', async () => {
      const session = await start();
      expect(await failure(session.infer(senses(), 'narrow'))).to.match(/'actions' has th/);
    });

    it('goes on with a server that was started anew', async () => {
      const session = await start();
      server!.kill('SIGKILL');
      await once(server!, 'exit');
      const { port } = new URL(url);
      expect(await failure(session.infer(senses(), 'push the cup'))).to.match(/closed the connection|ECONNREFUSED/);
      await spawnPeer('openpi', port);
      expect(await session.infer(senses(), 'push the cup')).to.have.length(1);
    });

    it('leaves a server alone for a while that fails again and again', async () => {
      const session = await start();
      for (let i = 0; i < 2; i++) await failure(session.infer(senses(), 'fail'));
      expect(await failure(session.infer(senses(), 'push the cup'))).to.match(/out of order; asking again in 0\.\d s/);
    });

    it('names a picture that is missing', async () => {
      const session = await start();
      const blind = { ...senses(), pictures: new Map() };
      expect(await failure(session.infer(blind, 'push the cup'))).to.match(
        /no picture of head_camera; there are: none/,
      );
    });

    it('says that nobody answers', async () => {
      const embodiment = { ...loadEmbodiment('config/policies/openpi_droid.yaml'), url: 'ws://127.0.0.1:1' };
      backend = new ServedBackend(embodiment, robot, kinematics);
      expect(await failure(backend.load())).to.match(/127.0.0.1:1.*ECONNREFUSED.*is the policy server running there/);
    });
  });

  describe('with GR00T’s messages', () => {
    const start = (change: Partial<Embodiment> = {}) => {
      const full = loadEmbodiment('config/policies/gr00t_sharpa.yaml');
      const right = (key: string) => key.includes('right');
      return serve('gr00t', {
        images: { 'video.ego_view': { camera: 'head_camera', width: 320, height: 240, ages: [1, 0] } },
        states: Object.fromEntries(Object.entries(full.states).filter(([key]) => right(key))),
        actions: full.actions.filter(({ from }) => right(from)),
        ...change,
      });
    };

    it('turns poses and finger joints into motion of the hand', async () => {
      const session = await start();
      const sensed = senses();
      const [{ prediction, chunk }] = await session.infer(sensed, 'lift the cup');
      expect(prediction).to.include({ arm: 'right', horizon: 6 });
      const { measuredPose } = sensed.hands.right;
      for (let k = 0; k < 6; k++) {
        expect(chunk.poses[7 * k]).to.be.closeTo(measuredPose[0], 1e-6);
        expect(chunk.poses[7 * k + 2]).to.be.closeTo(measuredPose[2] + 0.01 * (k + 1), 1e-6);
        for (let i = 3; i < 7; i++) expect(chunk.poses[7 * k + i]).to.be.closeTo(measuredPose[i], 1e-5);
      }
      expect(chunk.gripper[0]).to.equal(robot.gripperScalar('right', positions));
    });

    it('compares its map with the server’s', async () => {
      const actions = loadEmbodiment('config/policies/gr00t_sharpa.yaml').actions;
      expect(await failure(start({ actions }))).to.match(/knows no action left_wrist_eef.*it knows right_wrist_eef/);
    });

    it('passes on an error, and gives up on a server that hangs', async () => {
      const session = await start();
      expect(await failure(session.infer(senses(), 'fail'))).to.match(/the policy is out of order/);
      expect(await failure(session.infer(senses(), 'hang'))).to.match(/no answer to get_action within 2 s/);
    });
  });
});
