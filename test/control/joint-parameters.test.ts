import { expect } from 'chai';
import { checkJointParameters } from '../../src/control/joint-parameters.js';
import { makeParameters } from './joint-parameters-fixture.js';

describe('joint parameters', () => {
  it('accepts sound ones', () => {
    expect(() => checkJointParameters(makeParameters(75))).not.to.throw();
  });

  it('names the vector of a wrong length', () => {
    const bad = { ...makeParameters(3), kd: new Float64Array(2) };
    expect(() => checkJointParameters(bad)).to.throw('kd has 2 entries, needs 3');
  });

  it('names the joint with a value that makes no sense', () => {
    expect(() => checkJointParameters(makeParameters(1, { kp: Number.NaN }))).to.throw('kp of joint_0 is NaN');
    expect(() => checkJointParameters(makeParameters(1, { effortLimit: -1 }))).to.throw('effortLimit of joint_0 is -1');
    expect(() => checkJointParameters(makeParameters(1, { lower: 2 }))).to.throw('limits of joint_0 are 2…2 rad');
  });
});
