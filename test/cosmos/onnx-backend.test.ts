import { expect } from 'chai';
import { OnnxBackend } from '../../src/cosmos/onnx-backend.js';
import type { PolicySenses } from '../../src/cosmos/policy-backend.js';
import { Random } from '../../src/math/random.js';
import { createPolicyFrame } from '../../src/perception/policy-image.js';
import { Robot } from '../../src/robot/robot.js';

const INSTRUCTION = 'pick up the red cup and place it in the bin';
const options = { candidates: 1, steps: 1, seed: 1 };

/** A picture of noise at a time. @param seed of the noise */
function senses(stamp: number, seed: number): PolicySenses {
  const random = new Random(seed);
  const frame = createPolicyFrame();
  frame.color.forEach((_, i) => {
    frame.color[i] = random.uniform(0, 256);
  });
  frame.camera.set([38, 38, 32, 24, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]);
  const hand = {
    commandedPose: Float64Array.of(0.3, 0, 0.1, 0, 0, 0, 1),
    commandedGripper: 0,
    measuredPose: Float64Array.of(0.3, 0, 0.1, 0, 0, 0, 1),
  };
  const hands = { left: hand, right: hand };
  return { stamp, frame, pictures: new Map(), hands, positions: new Float64Array(75) };
}

describe('the policy that runs here', () => {
  const backend = new OnnxBackend('models/cosmos3_micro', Robot.load('config/robot.yaml').names, 1);
  before(() => backend.load());
  after(() => backend.dispose());

  it('looks back at what it saw without being asked', async () => {
    const [asked, watched, fresh] = [backend.createSession(), backend.createSession(), backend.createSession()];
    await asked.infer(senses(0.7, 1), INSTRUCTION, options);
    watched.observe!(senses(0.7, 1));
    const answers = [];
    for (const session of [asked, watched, fresh]) {
      const [prediction] = await session.infer(senses(1, 2), INSTRUCTION, options);
      answers.push(prediction!.actions);
    }
    expect(answers[1]).to.deep.equal(answers[0]);
    expect(answers[2]).to.not.deep.equal(answers[0]);
  });
});
