import { expect } from 'chai';
import type { Arm } from '../../src/action/action-chunk.js';
import { ACTION_HEADS, CPU_EXECUTION } from '../../src/cosmos/execution.js';
import { readCard } from '../../src/cosmos/model-card.js';
import { type NetworkObservation, OnnxNetwork } from '../../src/cosmos/onnx-network.js';
import { bestActions, candidateActions } from '../../src/cosmos/policy-backend.js';
import { calibratedConfidence } from '../../src/cosmos/world-model.js';
import { Random } from '../../src/math/random.js';

const SHIPPED = 'models/cosmos3_micro';

const random = new Random(3);
const observation: NetworkObservation = {
  stamp: 1,
  image: Float32Array.from({ length: 2 * 6 * 48 * 64 }, () => random.uniform()),
  proprioception: new Float32Array(54),
  instruction: 'put the red cup in the bin',
};
const options = { candidates: 3, steps: 5, seed: 1 };

describe('the world model', () => {
  const network = new OnnxNetwork(SHIPPED, 1);
  before(() => network.load());
  after(() => network.dispose());

  it('foresees frames, objects, quantities and success of each candidate', async () => {
    const prediction = await network.infer(observation, options);
    const foresee = (candidate: number, pictures: boolean) =>
      prediction.foresee!(candidateActions(prediction, candidate), prediction.arm, pictures);
    const [first, second] = [await foresee(0, true), await foresee(1, true)];
    expect(first.frames.map(({ after }) => after)).to.deep.equal([0.08, 0.4, 0.8]);
    for (const { width, height, color, certainty } of first.frames) {
      expect(color.length).to.equal(width * height * 3);
      expect(certainty).to.be.within(1 / 8, 1);
    }
    expect(first.success).to.be.within(0, 1);
    expect(first.quantities.map(({ name }) => name)).to.deep.equal(network.card.quantities.map(({ name }) => name));
    for (const { mean, standardDeviation } of first.quantities) {
      expect(mean).to.satisfy(Number.isFinite);
      expect(standardDeviation).to.be.above(0);
    }
    expect(first.objects.map(({ name }) => name)).to.deep.equal(network.card.objects);
    // What is there does not depend on what will be done; what comes of it does.
    expect(second.objects).to.deep.equal(first.objects);
    expect((await foresee(0, false)).frames).to.deep.equal([]);
    expect(second.frames[2]!.color).to.not.deep.equal(first.frames[2]!.color);
  });

  it('expects something near to what is seen', async () => {
    const grey = {
      ...observation,
      image: observation.image.map((_, i) => (i % (6 * 48 * 64) < 3 * 48 * 64 ? 0.5 : 0)),
    };
    const prediction = await network.infer(grey, options);
    const { color } = (await prediction.foresee!(bestActions(prediction), prediction.arm, true)).frames[0]!;
    expect(color.reduce((sum, value) => sum + Math.abs(value - 128), 0) / color.length).to.be.below(40);
  });
});

describe('confidence', () => {
  it('is a probability with what the card was calibrated to', () => {
    const card = { ...readCard(SHIPPED), confidence: { scale: 0.5, offset: -1 } };
    expect(calibratedConfidence(2, card)).to.equal(0.5);
    expect(calibratedConfidence(6, card)).to.be.closeTo(1 / (1 + Math.exp(-2)), 1e-12);
  });
});

describe('actions given to the world model', () => {
  const network = new OnnxNetwork(SHIPPED, 1);
  before(() => network.load());
  after(() => network.dispose());

  it('must be of the right number, finite and of an arm that it knows', async () => {
    const { foresee } = await network.infer(observation, options);
    const refusal = async (actions: Float64Array, arm: Arm) => {
      try {
        await foresee!(actions, arm, false);
      } catch (error) {
        return (error as Error).message;
      }
      return '';
    };
    expect(await refusal(new Float64Array(69), 'right')).to.include('69 action values; expected 10 × 7 = 70');
    expect(await refusal(new Float64Array(70).fill(Number.NaN), 'right')).to.include('action value 0 is NaN');
    expect(await refusal(new Float64Array(70), 'third' as Arm)).to.include('only right, left');
  });

  it('count as feasible as far as demonstrations went', async () => {
    const { foresee } = await network.infer(observation, options);
    expect((await foresee!(new Float64Array(70), 'right', false)).feasibility).to.equal(1);
    const far = Float64Array.from({ length: 70 }, (_, i) => (i < 35 || i % 7 !== 0 ? 0 : 2));
    expect((await foresee!(far, 'right', false)).feasibility).to.equal(0.5);
  });
});

describe('ways to make actions', () => {
  for (const head of ACTION_HEADS) {
    it(`${head}: the same for the same seed, within the range of the demonstrations`, async () => {
      const network = new OnnxNetwork(SHIPPED, 1, { ...CPU_EXECUTION, head });
      await network.load();
      const first = await network.infer(observation, options);
      const again = await network.infer(observation, options);
      const other = await network.infer(observation, { ...options, seed: 2 });
      expect(first.actions).to.have.length(3 * 70);
      expect(first.actions).to.satisfy((values: Float64Array) => values.every(Number.isFinite));
      expect(again.actions).to.deep.equal(first.actions);
      expect(other.actions).to.not.deep.equal(first.actions);
      for (let i = 0; i < first.actions.length; i += 7) {
        expect(Math.hypot(...first.actions.subarray(i, i + 3))).to.be.below(1);
      }
      await network.dispose();
    });
  }
});
