import { expect } from 'chai';
import { monotonicSeconds } from '../../src/control/monotonic-clock.js';
import { isZero, measureClockOffset, toSeconds, toStamp } from '../../src/ros/time.js';

describe('time', () => {
  it('converts stamps and seconds', () => {
    expect(toSeconds({ sec: 3, nanosec: 250_000_000 })).to.equal(3.25);
    expect(toStamp(3.25)).to.deep.equal({ sec: 3, nanosec: 250_000_000 });
    expect(toStamp(1.999_999_999_9)).to.deep.equal({ sec: 2, nanosec: 0 });
  });

  it('keeps today to a microsecond', () => {
    const stamp = { sec: 1_795_000_000, nanosec: 123_456_789 };
    expect(toStamp(toSeconds(stamp)).nanosec).to.be.closeTo(stamp.nanosec, 1000);
  });

  it('has a zero stamp for no time', () => {
    for (const seconds of [0, -1, Number.NaN]) expect(isZero(toStamp(seconds))).to.equal(true);
    expect(isZero({ sec: 0, nanosec: 1 })).to.equal(false);
  });

  it('measures the offset of a clock', () => {
    expect(measureClockOffset(() => monotonicSeconds() + 1000)).to.be.closeTo(1000, 1e-3);
  });
});
