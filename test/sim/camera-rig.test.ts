import { expect } from 'chai';
import { Robot } from '../../src/robot/robot.js';
import { CameraRig } from '../../src/sim/camera-rig.js';
import { createLayout } from '../../src/sim/layout.js';
import { loadTask } from '../../src/sim/scene.js';
import { Simulation } from '../../src/sim/simulation.js';

const SIZE = { width: 64, height: 48 };

describe('CameraRig', () => {
  const robot = Robot.load('config/robot.yaml');
  const task = loadTask('config/scenes/pick_and_place.yaml');
  let rig: CameraRig;
  let simulation: Simulation;
  before(async () => {
    rig = await CameraRig.create(robot, task, ['head_camera', 'right_wrist_camera'], SIZE);
    simulation = await Simulation.create(robot, task.scene);
  });
  after(() => {
    rig.delete();
    simulation.delete();
  });

  /** What the head camera sees of the layout of a seed. */
  function see(seed: number): { color: Uint8Array; depth: Float32Array } {
    simulation.reset(createLayout(task, seed));
    const qpos = new Float64Array(simulation.stateSize);
    simulation.copyState(qpos);
    rig.place(seed, '');
    rig.setState(qpos);
    const { color, depth } = rig.look(0).image;
    return { color: color.slice(), depth: depth.slice() };
  }

  it('sees the table in front of the robot, and no return where there is nothing', () => {
    const { color, depth } = see(11);
    const middle = depth[24 * SIZE.width + 32]!;
    expect(middle).to.be.within(0.3, 1.2);
    expect(depth.every((z) => z > 0 || Number.isNaN(z))).to.equal(true);
    expect(new Set(color).size).to.be.greaterThan(50);
  });

  it('sees the same again, and something else for another seed', () => {
    const first = see(11);
    const other = see(12);
    expect(see(11)).to.deep.equal(first);
    expect(other.color).not.to.deep.equal(first.color);
  });

  it('says which cameras there are', () => {
    expect(rig.cameras.map(({ name, frame }) => [name, frame])).to.deep.equal([
      ['head_camera', 'head_camera_optical_frame'],
      ['right_wrist_camera', 'r_wrist_camera_optical_frame'],
    ]);
  });

  it('refuses a camera that the robot lacks, and a state of another scene', async () => {
    let error: unknown;
    await CameraRig.create(robot, task, ['chest_camera'], SIZE).catch((problem: unknown) => {
      error = problem;
    });
    expect(String(error)).to.match(/no camera 'chest_camera'; there are head_camera/);
    expect(() => rig.setState(new Float64Array(3))).to.throw(/3 positions/);
  });
});
