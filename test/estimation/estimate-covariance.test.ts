import { expect } from 'chai';
import { ContactFilter } from '../../src/estimation/contact-filter.js';
import { Part } from '../../src/estimation/error-covariance.js';
import { poseCovariance, twistCovariance } from '../../src/estimation/estimate-covariance.js';
import { ESTIMATOR_DEFAULTS } from '../../src/estimation/estimator-options.js';
import { matrixFromQuaternion } from '../../src/math/rotation.js';

describe('covariance of pose and twist', () => {
  const filter = new ContactFilter(ESTIMATOR_DEFAULTS.noise);
  const out = new Float64Array(36);
  beforeEach(() => filter.clear());

  it('turns what is uncertain about the tilt into what is uncertain about the position', () => {
    filter.position.set([0, 0, 2]);
    filter.covariance[0] = 0.01;
    poseCovariance(filter, out);
    // A rotation about x moves what is 2 m above to the right: y = −2·ξ_x.
    expect(out[7]).to.be.closeTo(0.04, 1e-12);
    expect(out[21]).to.be.closeTo(0.01, 1e-12);
    expect(out[9]).to.be.closeTo(-0.02, 1e-12);
    expect(out[18 + 1]).to.be.closeTo(-0.02, 1e-12);
    expect(out[0] + out[14]).to.equal(0);
    filter.inflate(Part.position, 1);
    poseCovariance(filter, out);
    expect([out[0], out[7], out[14]].map((value) => Number(value.toFixed(9)))).to.deep.equal([1, 1.04, 1]);
  });

  it('gives the twist in the axes of the base', () => {
    filter.orientation.set([0, 0, Math.SQRT1_2, Math.SQRT1_2]);
    matrixFromQuaternion(filter.orientation, filter.rotation);
    filter.covariance[Part.velocity * 22] = 0.5;
    filter.inflate(Part.gyroBias, 0.1);
    twistCovariance(filter, 0.2, out);
    // The x axis of odom is −y of a base that looks along y.
    expect(out[0]).to.be.closeTo(0, 1e-12);
    expect(out[7]).to.be.closeTo(0.5, 1e-12);
    for (const k of [3, 4, 5]) expect(out[7 * k]).to.be.closeTo(0.14, 1e-12);
  });
});
