import { expect } from 'chai';
import { Random } from '../../src/math/random.js';

const draw = (seed: number, n = 1000) => {
  const random = new Random(seed);
  return Array.from({ length: n }, () => random.uniform());
};

describe('Random', () => {
  it('repeats with the seed and differs between seeds', () => {
    expect(draw(7)).to.deep.equal(draw(7));
    const starts = [0, 1, 2, 7, 500000, -1, 2 ** 32, 2 ** 32 + 1, 2 ** 52].map((seed) => draw(seed, 1)[0]);
    expect(new Set(starts).size).to.equal(starts.length);
  });

  it('keeps its sequence from release to release', () => {
    const random = new Random(42);
    const sequence = [random.uniform(), random.normal(), random.integer(1000), random.normal()];
    expect(sequence).to.deep.equal([0.8806870827450254, 0.62438080718297, 772, -0.1236701995221587]);
  });

  it('fills the interval evenly', () => {
    const samples = draw(3, 20000);
    const mean = samples.reduce((sum, x) => sum + x, 0) / samples.length;
    expect(mean).to.be.closeTo(0.5, 0.01);
    const bins = new Array(10).fill(0);
    for (const x of samples) bins[Math.floor(x * 10)]++;
    for (const count of bins) expect(count).to.be.within(1800, 2200);
    const random = new Random(1);
    for (let i = 0; i < 1000; i++) expect(random.uniform(-2, 3)).to.be.within(-2, 3);
  });

  it('is uncorrelated between neighbouring seeds', () => {
    const a = Array.from({ length: 2000 }, (_, seed) => draw(seed, 1)[0]! - 0.5);
    let covariance = 0;
    for (let i = 1; i < a.length; i++) covariance += a[i]! * a[i - 1]!;
    expect(covariance / a.length / (1 / 12)).to.be.within(-0.1, 0.1);
  });

  it('draws normal numbers of the stated mean and deviation', () => {
    const random = new Random(5);
    const samples = Array.from({ length: 20000 }, () => random.normal(2, 3));
    const mean = samples.reduce((sum, x) => sum + x, 0) / samples.length;
    const variance = samples.reduce((sum, x) => sum + (x - mean) ** 2, 0) / samples.length;
    expect(mean).to.be.closeTo(2, 0.1);
    expect(Math.sqrt(variance)).to.be.closeTo(3, 0.1);
    expect(samples.filter((x) => Math.abs(x - 2) < 3).length / samples.length).to.be.closeTo(0.6827, 0.015);
  });

  it('picks, counts and shuffles', () => {
    const random = new Random(9);
    const seen = new Set(Array.from({ length: 200 }, () => random.integer(6)));
    expect([...seen].sort()).to.deep.equal([0, 1, 2, 3, 4, 5]);
    expect(['a', 'b']).to.include(random.pick(['a', 'b']));
    const shuffled = random.shuffle([1, 2, 3, 4, 5, 6, 7, 8]);
    expect([...shuffled].sort()).to.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(shuffled).to.not.deep.equal([1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('refuses what it cannot do', () => {
    expect(() => new Random(1.5)).to.throw(/seed 1.5/);
    expect(() => new Random(1).integer(0)).to.throw(/n is 0/);
    expect(() => new Random(1).pick([])).to.throw(/empty/);
  });
});
