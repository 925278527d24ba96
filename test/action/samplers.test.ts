import { expect } from 'chai';
import { integrateFlow, sampleDiffusion } from '../../src/action/samplers.js';
import { Random } from '../../src/math/random.js';

describe('integrateFlow', () => {
  const noise = Float32Array.of(1, -2, 0.5);

  it('reaches the data in any number of steps on a straight path', async () => {
    const data = [3, 4, -1];
    for (const steps of [1, 2, 7]) {
      const sample = await integrateFlow(noise, steps, async () => Float32Array.from(noise, (n, i) => data[i]! - n));
      for (let i = 0; i < 3; i++) expect(sample[i]).to.be.closeTo(data[i]!, 1e-5);
    }
    expect([...noise]).to.deep.equal([1, -2, 0.5]);
  });

  it('turns normal noise into the target distribution under its exact velocity', async () => {
    // For data N(m, s²) the marginal velocity is m + (t s² − (1 − t))/((1 − t)² + t² s²)·(x − t m).
    const [m, s] = [2, 0.3];
    const random = new Random(1);
    const start = Float32Array.from({ length: 4000 }, () => random.normal());
    const sample = await integrateFlow(start, 100, async (x, t) => {
      const slope = (t * s * s - (1 - t)) / ((1 - t) ** 2 + t * t * s * s);
      return x.map((value) => m + slope * (value - t * m));
    });
    const mean = sample.reduce((sum, x) => sum + x, 0) / sample.length;
    const variance = sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / sample.length;
    expect(mean).to.be.closeTo(m, 0.02);
    expect(Math.sqrt(variance)).to.be.closeTo(s, 0.02);
  });

  it('visits t = 0, 1/n … (n − 1)/n', async () => {
    const times: number[] = [];
    await integrateFlow(noise, 4, async (x, t) => {
      times.push(t);
      return x;
    });
    expect(times).to.deep.equal([0, 0.25, 0.5, 0.75]);
  });

  it('names what went wrong', async () => {
    const failure = async (run: Promise<unknown>) =>
      run.then(
        () => '',
        (error: Error) => error.message,
      );
    expect(await failure(integrateFlow(noise, 0, async (x) => x))).to.match(/0 steps/);
    expect(await failure(integrateFlow(noise, 1, async () => new Float32Array(2)))).to.match(
      /2 values, the samples have 3/,
    );
    expect(await failure(integrateFlow(noise, 2, async (x) => x.fill(Number.NaN)))).to.match(
      /velocity is NaN in step 1/,
    );
  });
});

describe('sampleDiffusion', () => {
  it('turns normal noise into the target distribution under the flow’s exact velocity', async () => {
    const [m, s] = [2, 0.3];
    const random = new Random(1);
    const start = Float32Array.from({ length: 4000 }, () => random.normal());
    const exact = async (x: Float32Array, t: number) => {
      const slope = (t * s * s - (1 - t)) / ((1 - t) ** 2 + t * t * s * s);
      return x.map((value) => m + slope * (value - t * m));
    };
    const sample = await sampleDiffusion(start, 50, exact, () => random.normal());
    const mean = sample.reduce((sum, x) => sum + x, 0) / sample.length;
    const variance = sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / sample.length;
    expect(mean).to.be.closeTo(m, 0.03);
    expect(Math.sqrt(variance)).to.be.closeTo(s, 0.05);
  });
});
