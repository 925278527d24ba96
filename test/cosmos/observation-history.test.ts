import { expect } from 'chai';
import { ObservationHistory } from '../../src/cosmos/observation-history.js';

describe('ObservationHistory', () => {
  const frame = (value: number) => Float32Array.of(value, value);

  it('gives frames spaced as asked, oldest first', () => {
    const history = new ObservationHistory(3, 0.2, 2, 15);
    // 15 Hz with some jitter.
    for (let i = 0; i < 40; i++) history.push(i / 15 + (i % 3) * 0.002, frame(i));
    expect(history.stamp).to.equal(39 / 15);
    expect([...history.observation()]).to.deep.equal([33, 33, 36, 36, 39, 39]);
  });

  it('repeats the oldest frame until there are enough', () => {
    const history = new ObservationHistory(3, 0.1, 2);
    history.push(1, frame(1));
    expect([...history.observation()]).to.deep.equal([1, 1, 1, 1, 1, 1]);
    history.push(1.1, frame(2));
    expect([...history.observation()]).to.deep.equal([1, 1, 1, 1, 2, 2]);
  });

  it('keeps one frame when one is asked for, and copies it', () => {
    const history = new ObservationHistory(1, 0.1, 2);
    const pixels = frame(5);
    history.push(0, pixels);
    pixels.fill(9);
    expect([...history.observation()]).to.deep.equal([5, 5]);
  });

  it('starts anew when time is set back', () => {
    const history = new ObservationHistory(2, 0.1, 2);
    history.push(10, frame(1));
    history.push(2, frame(7));
    expect([...history.observation()]).to.deep.equal([7, 7, 7, 7]);
    history.clear();
    expect(history.stamp).to.equal(undefined);
    expect(() => history.observation()).to.throw(/no frame/);
  });

  it('refuses frames of another size', () => {
    expect(() => new ObservationHistory(1, 0.1, 2).push(0, new Float32Array(3))).to.throw(/3 values; expected 2/);
  });
});
