import { expect } from 'chai';
import type { Embodiment } from '../../../src/cosmos/served/embodiment.js';
import { loadEmbodiment } from '../../../src/cosmos/served/embodiment.js';
import { ServedBackend } from '../../../src/cosmos/served/served-backend.js';
import { Kinematics } from '../../../src/robot/kinematics.js';
import { robot } from '../../robot/robot-fixture.js';
import { type PeerProtocol, PolicyPeer, peerSenses } from './policy-peer.js';

const failure = async (run: Promise<unknown>) =>
  run.then(
    () => 'no error',
    (error: Error) => error.message,
  );

describe('ServedBackend', function () {
  this.timeout(20_000);
  let kinematics: Kinematics;
  let peer: PolicyPeer | undefined;

  before(async () => {
    kinematics = await Kinematics.create(robot);
  });
  after(() => kinematics?.delete());
  afterEach(async () => {
    await peer?.close();
    peer = undefined;
  });

  const positions = robot.posture('table_work');
  const senses = () => peerSenses(kinematics, positions);

  /** Starts a server and connects to it. */
  async function serve(protocol: PeerProtocol, change: Partial<Embodiment> = {}) {
    peer = await PolicyPeer.start(protocol, kinematics);
    return peer.connect(change);
  }

  describe('with openpi’s messages', () => {
    const start = () => serve('openpi');

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

    it('names a picture that is missing', async () => {
      const session = await start();
      const blind = { ...senses(), pictures: new Map() };
      expect(await failure(session.infer(blind, 'push the cup'))).to.match(
        /no picture of head_camera; there are: none/,
      );
    });

    it('refuses columns that are not as many as what they are mapped to', () => {
      const embodiment = loadEmbodiment('config/policies/openpi_droid.yaml');
      const actions = embodiment.actions.map((part) => ('joints' in part ? { ...part, columns: [0, 6] } : part));
      expect(() => new ServedBackend({ ...embodiment, actions } as Embodiment, robot, kinematics)).to.throw(
        /columns \[0, 6\] of 'actions' are 6 numbers; what they are mapped to has 7/,
      );
    });

    it('says that nobody answers', async () => {
      const embodiment = { ...loadEmbodiment('config/policies/openpi_droid.yaml'), url: 'ws://127.0.0.1:1' };
      const backend = new ServedBackend(embodiment, robot, kinematics);
      expect(await failure(backend.load())).to.match(/127.0.0.1:1.*ECONNREFUSED.*is the policy server running there/);
    });
  });

  describe('with GR00T’s messages', () => {
    const start = (change: Partial<Embodiment> = {}) => serve('gr00t', change);

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
  });
});
