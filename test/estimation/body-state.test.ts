import { expect } from 'chai';
import { createBaseEstimate } from '../../src/estimation/base-estimate.js';
import { BodyState } from '../../src/estimation/body-state.js';
import { robot } from '../robot/robot-fixture.js';

describe('BodyState', () => {
  let body: BodyState;
  const posture = robot.posture('table_work');
  const still = new Float64Array(robot.names.length);
  before(async () => {
    body = await BodyState.create(robot);
  });
  after(() => body.delete());

  /** Standing on both feet, the soles on the floor. */
  const standing = () => {
    const estimate = createBaseEstimate();
    estimate.position.set([-0.1, 0, 0.85]);
    estimate.contact.set([1, 1]);
    return estimate;
  };

  it('has the centre of mass above the soles, with room around', () => {
    body.update(posture, still, standing());
    for (const sole of body.soles) expect(sole[2]).to.be.closeTo(0, 0.01);
    expect(body.centerOfMass[2]).to.be.within(0.7, 1.2);
    expect(body.supportMargin).to.be.within(0.01, 0.15);
    expect([...body.centerOfMassVelocity].every((speed) => Math.abs(speed) < 1e-9)).to.equal(true);
    for (let k = 0; k < 2; k++) expect(body.divergentComponent[k]).to.be.closeTo(body.centerOfMass[k], 1e-9);
    expect(body.divergentMargin).to.be.closeTo(body.supportMargin, 1e-9);
  });

  it('moves as the base does: ξ = c + ċ/ω', () => {
    const estimate = standing();
    estimate.velocity.set([0.3, 0.1, 0]);
    body.update(posture, still, estimate);
    const omega = Math.sqrt(9.80665 / (body.centerOfMass[2] - body.divergentComponent[2]));
    expect(body.centerOfMassVelocity[0]).to.be.closeTo(0.3, 1e-9);
    expect(body.divergentComponent[0]).to.be.closeTo(body.centerOfMass[0] + 0.3 / omega, 1e-9);
    expect(body.divergentComponent[1]).to.be.closeTo(body.centerOfMass[1] + 0.1 / omega, 1e-9);
    expect(body.divergentMargin).to.be.below(body.supportMargin);
    const faster = standing();
    faster.velocity[0] = 2;
    body.update(posture, still, faster);
    expect(body.divergentMargin).to.be.below(0);
    expect(body.supportMargin).to.be.above(0);
  });

  it('is supported by the feet that carry load', () => {
    const estimate = standing();
    body.update(posture, still, estimate);
    const both = body.supportMargin;
    estimate.contact[0] = 0;
    body.update(posture, still, estimate);
    expect(body.supportMargin).to.be.below(0);
    expect(body.supportMargin).to.be.below(both);
    estimate.contact.fill(0);
    body.update(posture, still, estimate);
    expect(body.supportMargin).to.satisfy(Number.isNaN);
    expect(body.divergentMargin).to.satisfy(Number.isNaN);
  });
});
