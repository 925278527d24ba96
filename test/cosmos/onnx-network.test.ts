import { expect } from 'chai';
import { type NetworkObservation, OnnxNetwork } from '../../src/cosmos/onnx-network.js';
import { bestActions, type InferenceOptions } from '../../src/cosmos/policy-backend.js';
import { Random } from '../../src/math/random.js';
import { MODEL } from './model-fixture.js';

const options: InferenceOptions = { candidates: 4, steps: 5, seed: 1 };

function observe(
  seed = 0,
  instruction = 'pick up the red cup and place it in the bin',
  { frames, arms } = { frames: 1, arms: 1 },
): NetworkObservation {
  const random = new Random(seed);
  return {
    stamp: 3.25,
    image: Float32Array.from({ length: frames * 6 * 48 * 64 }, () => random.uniform()),
    proprioception: Float32Array.from({ length: arms * 27 }, () => random.uniform(-1, 1)),
    instruction,
  };
}

const failure = async (run: Promise<unknown>) =>
  run.then(
    () => 'no error',
    (error: Error) => error.message,
  );

describe('OnnxNetwork', () => {
  const backend = new OnnxNetwork(MODEL);
  before(() => backend.load());
  after(() => backend.dispose());

  it('answers with candidates, objects, confidence and timings', async () => {
    const prediction = await backend.infer(observe(), options);
    expect(prediction.stamp).to.equal(3.25);
    expect(prediction.actions.length).to.equal(4 * 10 * 7);
    expect(prediction.actions.every(Number.isFinite)).to.equal(true);
    expect(prediction.best).to.be.within(0, 3);
    expect(bestActions(prediction)).to.deep.equal(
      prediction.actions.slice(prediction.best * 70, prediction.best * 70 + 70),
    );
    expect(prediction.confidence).to.be.within(0, 1);
    expect(prediction.feasibility.length).to.equal(4);
    expect(prediction.objects.map((object) => object.slot)).to.deep.equal(['target', 'receptacle']);
    for (const object of prediction.objects) expect(object.standardDeviation).to.be.above(0);
    expect(prediction.unknownWords).to.deep.equal([]);
    expect(Object.keys(prediction.timings)).to.deep.equal(['tokenize', 'encode', 'decode']);
  });

  it('repeats bit for bit with the seed, also in another session', async () => {
    const other = new OnnxNetwork(MODEL);
    await other.load();
    const first = await backend.infer(observe(), options);
    await backend.infer(observe(5), { ...options, seed: 9 });
    for (const again of [await backend.infer(observe(), options), await other.infer(observe(), options)]) {
      expect({ ...again, timings: undefined }).to.deep.equal({ ...first, timings: undefined });
    }
    const differently = await backend.infer(observe(), { ...options, seed: 2 });
    expect(differently.actions).to.not.deep.equal(first.actions);
    await other.dispose();
  });

  it('gives a candidate the same actions alone as in a batch', async () => {
    const alone = await backend.infer(observe(), { ...options, candidates: 1 });
    const batch = await backend.infer(observe(), options);
    for (let i = 0; i < 70; i++) expect(batch.actions[i]).to.be.closeTo(alone.actions[i]!, 1e-5);
  });

  it('gives an observation the same answer alone as in a batch', async () => {
    const model = new OnnxNetwork('models/cosmos3_micro', 1);
    await model.load();
    const texts = ['pick up the red cup and place it in the bin', 'put the blue cup in the bin'];
    const observations = texts.map((text, i) => observe(i, text, { frames: 2, arms: 2 }));
    const batch = await model.inferBatch(observations, [options, { ...options, candidates: 2, seed: 7 }]);
    for (const [i, answer] of batch.entries()) {
      const alone = await model.infer(observations[i], { ...options, ...(i === 1 && { candidates: 2, seed: 7 }) });
      expect(answer.actions).to.have.length(alone.actions.length);
      for (const [k, value] of alone.actions.entries()) expect(answer.actions[k]).to.be.closeTo(value, 1e-5);
      expect(answer.objects[0].position[0]).to.be.closeTo(alone.objects[0].position[0], 1e-5);
    }
    await model.dispose();
  });

  it('sees image, proprioception and words', async () => {
    const { actions } = await backend.infer(observe(), options);
    const others = [
      { ...observe(), image: observe(1).image },
      { ...observe(), proprioception: observe(1).proprioception },
      observe(0, 'pick up the blue can'),
    ];
    for (const other of others) expect((await backend.infer(other, options)).actions).to.not.deep.equal(actions);
  });

  it('prefers the candidate that continues the previous chunk', async () => {
    const many = { ...options, candidates: 6 };
    const free = await backend.infer(observe(), many);
    const wanted = (free.best + 1) % 6;
    // Half a chunk is left, and it is that of another candidate.
    const previous = free.actions.slice(wanted * 70, wanted * 70 + 35);
    const bound = await backend.infer(observe(), { ...many, previous: { right: previous } });
    const distance = (k: number) => previous.reduce((sum, a, i) => sum + (a - free.actions[k * 70 + i]!) ** 2, 0);
    expect(bound.actions).to.deep.equal(free.actions);
    expect(distance(bound.best)).to.be.at.most(distance(free.best));
  });

  it('reports words it has never seen', async () => {
    const prediction = await backend.infer(observe(0, 'pick up the purple elephant'), options);
    expect(prediction.unknownWords).to.deep.equal(['purple', 'elephant']);
  });

  it('refuses malformed observations by name', async () => {
    const bad = observe();
    bad.image[17] = Number.NaN;
    expect(await failure(backend.infer(bad, options))).to.equal('policy: image value 17 is NaN; it must be finite');
    const short = { ...observe(), proprioception: new Float32Array(26) };
    expect(await failure(backend.infer(short, options))).to.match(/proprioception has 26 values; expected 27/);
    expect(await failure(backend.infer(observe(0, ' ! '), options))).to.match(/has no words/);
    expect(await failure(backend.infer(observe(), { ...options, candidates: 0 }))).to.match(/candidates is 0/);
    expect(await failure(backend.infer(observe(), { ...options, steps: 1.5 }))).to.match(/steps is 1.5/);
  });

  it('answers one question at a time', async () => {
    const first = backend.infer(observe(), options);
    expect(await failure(backend.infer(observe(), options))).to.match(/still running/);
    await first;
    await backend.infer(observe(), options);
  });

  it('says so when it is not loaded', async () => {
    expect(await failure(new OnnxNetwork(MODEL).infer(observe(), options))).to.match(/not loaded/);
  });
});
