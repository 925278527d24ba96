import { expect } from 'chai';
import { obstacleSpheres, SPHERES } from '../../src/planning/obstacle-spheres.js';
import { type Obstacle, ObstacleClass } from '../../src/planning/separation-monitor.js';

const at = (x: number, kind: ObstacleClass): Obstacle => ({
  position: [x, 0.1, 0.4],
  velocity: [0, 0, 0],
  radius: 0.2,
  kind,
});

describe('obstacleSpheres', () => {
  const out = new Float64Array(4 * SPHERES);

  it('takes an object as it is, a person as a column', () => {
    expect(obstacleSpheres([at(1, ObstacleClass.object)], out)).to.equal(1);
    expect([...out.subarray(0, 4)]).to.deep.equal([1, 0.1, 0.4, 0.2]);
    expect(obstacleSpheres([at(1, ObstacleClass.person)], out)).to.equal(4);
    expect([2, 6, 10, 14].map((i) => out[i]).sort()).to.deep.equal([-0.3, 0, 0.3, 0.6]);
    expect(obstacleSpheres([], out)).to.equal(0);
  });

  it('keeps to the nearest ones where there are too many', () => {
    const crowd = Array.from({ length: 30 }, (_, i) => at(30 - i, ObstacleClass.object));
    expect(obstacleSpheres(crowd, out)).to.equal(SPHERES);
    expect(Array.from({ length: SPHERES }, (_, i) => out[4 * i])).to.deep.equal(
      Array.from({ length: SPHERES }, (_, i) => i + 1),
    );
  });
});
