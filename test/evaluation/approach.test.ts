import { expect } from 'chai';
import { approach, approachDefaults } from '../../src/evaluation/approach.js';
import { robot } from '../robot/robot-fixture.js';

describe('approach', function () {
  this.timeout(60_000);

  it('finds the robot at rest before a person is too near, and at work again when they have left', async () => {
    const { slowed, protective, stood, least, stoppingTime, handSpeed, crept, resumed } = await approach(robot, {
      ...approachDefaults,
      seed: 3,
    });
    expect(handSpeed).to.be.above(0.5);
    expect(slowed).to.be.at.least(protective);
    expect(stood).to.be.within(least, least + 0.3);
    expect(stoppingTime).to.be.within(0.2, 0.5);
    expect(crept).to.be.below(0.01);
    expect(resumed).to.equal(true);
  });
});
