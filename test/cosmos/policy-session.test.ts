import { expect } from 'chai';
import { OnnxBackend } from '../../src/cosmos/onnx-backend.js';
import type { BackendSession, InferenceOptions, PolicyBackend, PolicySenses } from '../../src/cosmos/policy-backend.js';
import { PolicySession } from '../../src/cosmos/policy-session.js';
import { createPolicyFrame } from '../../src/perception/policy-image.js';
import { robot } from '../robot/robot-fixture.js';
import { MODEL } from './model-fixture.js';

const hand = () => ({
  commandedPose: Float64Array.of(0.3, -0.2, 0, 0, 0, 0, 1),
  commandedGripper: 0,
  measuredPose: Float64Array.of(0.3, -0.2, 0, 0, 0, 0, 1),
});
const senses = (stamp: number): PolicySenses => {
  const frame = createPolicyFrame();
  frame.camera.set([30, 30, 32, 24, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
  const positions = new Float64Array(robot.names.length);
  return { stamp, frame, pictures: new Map(), hands: { left: hand(), right: hand() }, positions };
};
const text = 'pick up the red cup and place it in the bin';

describe('PolicySession', () => {
  const backend = new OnnxBackend(MODEL, robot.names, 1);
  before(() => backend.load());
  after(() => backend.dispose());

  it('describes the policy', () => {
    expect(backend.description).to.deep.equal({ policy: 'cosmos3_tiny@0.1.0', arms: ['right'], horizon: 10, dt: 0.1 });
  });

  it('answers with a chunk for the arm that moves, anchored where that hand is commanded to be', async () => {
    const answers = await new PolicySession(backend).infer(senses(3), text);
    expect(answers).to.have.length(1);
    const [{ prediction, chunk }] = answers;
    expect(prediction.arm).to.equal('right');
    expect(chunk).to.include({ arm: 'right', stamp: 3, dt: 0.1 });
    expect(chunk.anchor).to.deep.equal(hand().commandedPose);
    expect(chunk.poses).to.have.length(70);
  });

  it('asks for continuations of what is left of the chunk under execution, until it is reset', async () => {
    const asked: InferenceOptions[] = [];
    const listening: PolicyBackend = {
      description: backend.description,
      load: () => backend.load(),
      dispose: () => backend.dispose(),
      createSession(): BackendSession {
        const session = backend.createSession();
        return {
          reset: () => session.reset(),
          infer: (sensed, instruction, options) => {
            asked.push(options);
            return session.infer(sensed, instruction, options);
          },
        };
      },
    };
    const session = new PolicySession(listening);
    await session.infer(senses(3), text);
    await session.infer(senses(3.4), text);
    await session.infer(senses(9), text);
    session.reset();
    await session.infer(senses(9.1), text);
    const left = asked.map(({ previous }) => previous?.right?.length ?? 0);
    expect(left).to.deep.equal([0, 6 * 7, 0, 0]);
  });
});
