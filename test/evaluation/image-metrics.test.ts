import { expect } from 'chai';
import { extrapolateColors, extrapolateMotion } from '../../src/evaluation/frame-baselines.js';
import {
  motionMask,
  overlap,
  type Picture,
  psnr,
  squaredError,
  structuralSimilarity,
} from '../../src/evaluation/image-metrics.js';
import { Random } from '../../src/math/random.js';

const [WIDTH, HEIGHT] = [32, 24];

/** A textured background, and on it a brighter textured square of 8 px with its corner at (x, 8). */
function scene(x: number): Picture {
  const random = new Random(1);
  const color = Uint8Array.from({ length: 3 * WIDTH * HEIGHT }, () => random.uniform(20, 60));
  const own = new Random(2);
  for (let row = 8; row < 16; row++) {
    for (let column = x; column < x + 8; column++) {
      for (let c = 0; c < 3; c++) color[3 * (row * WIDTH + column) + c] = own.uniform(100, 250);
    }
  }
  return { width: WIDTH, height: HEIGHT, color };
}

function flat(level: number): Picture {
  return { width: WIDTH, height: HEIGHT, color: new Uint8Array(3 * WIDTH * HEIGHT).fill(level) };
}

describe('how near a frame is to the true one', () => {
  it('by its squared error', () => {
    const error = squaredError(flat(100), flat(110));
    expect(error).to.equal(100 * 3 * WIDTH * HEIGHT);
    // 10·log₁₀(65025/100)
    expect(psnr(100)).to.be.closeTo(28.13, 0.01);
  });

  it('by its structure', () => {
    expect(structuralSimilarity(scene(4), scene(4))).to.be.closeTo(1, 1e-12);
    // Without structure only the means count: (2·100·150 + C₁)/(100² + 150² + C₁).
    const c1 = 2.55 ** 2;
    expect(structuralSimilarity(flat(100), flat(150))).to.be.closeTo((30000 + c1) / (32500 + c1), 1e-9);
    expect(structuralSimilarity(scene(4), scene(12))).to.be.below(0.8);
  });

  it('by where something moves', () => {
    const [still, moved] = [scene(4), scene(12)];
    expect(motionMask(still, still).some((bit) => bit === 1)).to.equal(false);
    const mask = motionMask(still, moved);
    expect(mask.reduce((sum, bit) => sum + bit, 0)).to.be.within(100, 128);
    const { both, either } = overlap(mask, mask);
    expect(both).to.equal(either);
    expect(overlap(mask, motionMask(still, still))).to.deep.equal({ both: 0, either });
  });
});

describe('frames told without a model', () => {
  it('by constant rates of the colours, within their range', () => {
    expect([...new Set(extrapolateColors(flat(100), flat(110), 2).color)]).to.deep.equal([130]);
    expect([...new Set(extrapolateColors(flat(100), flat(200), 5).color)]).to.deep.equal([255]);
    expect([...new Set(extrapolateColors(flat(100), flat(50), 5).color)]).to.deep.equal([0]);
  });

  it('by constant motion, which carries a square on', () => {
    const [before, now, truth] = [scene(4), scene(8), scene(16)];
    const ahead = extrapolateMotion(before, now, 2);
    for (let row = 9; row < 15; row++) {
      for (let column = 17; column < 23; column++) {
        const at = 3 * (row * WIDTH + column);
        expect([...ahead.color.subarray(at, at + 3)]).to.deep.equal([...truth.color.subarray(at, at + 3)]);
      }
    }
    expect(extrapolateMotion(now, now, 2).color).to.deep.equal(now.color);
  });
});
