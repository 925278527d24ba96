import { expect } from 'chai';
import { describeScene, type SceneDescription } from '../../src/dataset/scene-description.js';
import { Robot } from '../../src/robot/robot.js';
import { packagePath } from '../../src/ros/package-path.js';
import { createToneTable } from '../../src/sim/renderer/tone-curve.js';
import { loadTask } from '../../src/sim/scene.js';
import { Simulation } from '../../src/sim/simulation.js';

describe('describeScene', () => {
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const { scene } = loadTask(packagePath('config/scenes/pick_and_place.yaml'));
  let simulation: Simulation;
  let description: SceneDescription;
  before(async () => {
    simulation = await Simulation.create(robot, scene);
    description = await describeScene(robot, scene, simulation.model);
  });
  after(() => simulation.delete());

  it('places every drawn shape where the engine has it', () => {
    const { data } = simulation;
    let checked = 0;
    for (const [g, { parent, position }] of description.primitives.entries()) {
      if (parent.kind === 'world') continue;
      const body = simulation.link(parent.name);
      for (let row = 0; row < 3; row++) {
        let at = data.xpos[3 * body + row]!;
        for (let k = 0; k < 3; k++) at += data.xmat[9 * body + 3 * row + k]! * position[k]!;
        expect(at, `${parent.name} ${g}`).to.be.closeTo(data.geom_xpos[3 * g + row]!, 1e-9);
      }
      checked++;
    }
    expect(checked).to.be.above(60);
  });

  it('tells the size of bodies', () => {
    const cup = description.bodies.find(({ name }) => name === 'red_cup')!;
    expect(cup.class).to.equal('cup');
    expect(cup.extent[0]).to.be.closeTo(2 * scene.bodies.red_cup!.parts[0]!.size[0], 1e-9);
    expect(description.bodies.map(({ name }) => name)).to.deep.equal(Object.keys(scene.bodies));
  });

  it('gives the tone curve back', () => {
    const { steps, rises } = description.tone;
    const table = createToneTable();
    for (let i = 0; i < steps; i += 7) {
      expect(rises.filter((first) => i >= first)).to.have.length(table[i]!);
    }
  });
});
