import { expect } from 'chai';
import { SupportPolygon } from '../../src/balance/support-polygon.js';

/** A flat sole at a place, turned by `yaw`. */
function sole(x: number, y: number, yaw = 0) {
  const [c, s] = [Math.cos(yaw), Math.sin(yaw)];
  return {
    position: Float64Array.of(x, y, 0),
    rotation: Float64Array.of(c, -s, 0, s, c, 0, 0, 0, 1),
    velocity: new Float64Array(6),
    jacobian: new Float64Array(36),
    biasAcceleration: new Float64Array(6),
  };
}

describe('SupportPolygon', () => {
  const support = new SupportPolygon([0.12, 0.04]);

  it('is the hull of both soles', () => {
    support.update([sole(0, 0.1), sole(0, -0.1)]);
    expect(support.margin(0, 0)).to.be.closeTo(0.12, 1e-12);
    expect(support.margin(0, 0.1)).to.be.closeTo(0.04, 1e-12);
    expect(support.margin(0.15, 0)).to.be.closeTo(-0.03, 1e-12);
    expect([...support.center]).to.deep.equal([0, 0]);
  });

  it('has slanted edges where a foot is ahead or turned', () => {
    support.update([sole(0.1, 0.1), sole(0, -0.1)]);
    // The middle of the edge from the right toe's outer corner (0.12, −0.14) to the left toe's inner one (0.22, 0.06).
    expect(support.margin(0.17, -0.04)).to.be.closeTo(0, 1e-12);
    support.update([sole(0, 0.1, 0.3), sole(0, -0.1, -0.3)]);
    expect(support.margin(0, 0)).to.be.within(0.11, 0.14);
  });

  it('moves a point towards one inside until it keeps the margin', () => {
    support.update([sole(0, 0.1), sole(0, -0.1)]);
    const point = Float64Array.of(0.3, 0.1);
    support.clamp(point, 0, 0, 0.02);
    expect(point[0]).to.be.closeTo(0.1, 1e-12);
    expect(point[1]).to.be.closeTo(0.1 / 3, 1e-12);
    const inside = Float64Array.of(0.05, 0.05);
    support.clamp(inside, 0, 0, 0.02);
    expect([...inside]).to.deep.equal([0.05, 0.05]);
    const beyond = Float64Array.of(0.3, 0);
    support.clamp(beyond, 0, 0, -0.05);
    expect(beyond[0]).to.be.closeTo(0.17, 1e-12);
  });
});
