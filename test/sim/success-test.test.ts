import { expect } from 'chai';
import { createLayout, type Layout, type Placement } from '../../src/sim/layout.js';
import { Simulation } from '../../src/sim/simulation.js';
import { SuccessTest } from '../../src/sim/success-test.js';
import { robot } from '../robot/robot-fixture.js';
import { task } from './scene-fixture.js';

const text = 'pick up the red cup and place it in the bin';
const layout = createLayout(task, 1, text);
const bin = layout.placements.get('bin')!;
const start = layout.placements.get('red_cup')!;

describe('SuccessTest', () => {
  let simulation: Simulation;
  let test: SuccessTest;
  before(async () => {
    simulation = await Simulation.create(robot, task.scene);
  });
  after(() => simulation.delete());
  beforeEach(() => {
    simulation.reset(layout);
    test = new SuccessTest(task, layout, simulation, ['l_gripper', 'r_gripper']);
    test.update(0.01);
  });

  /** Puts a free body somewhere; `rise` is above its start, m. */
  const put = (name: string, { x, y }: Placement, rise = 0) => {
    const moved: Layout = { ...layout, placements: new Map([...layout.placements, [name, { x, y, yaw: 0 }]]) };
    simulation.reset(moved);
    if (rise === 0) return;
    const [qpos, position] = [new Float64Array(simulation.stateSize), new Float64Array(3)];
    simulation.copyState(qpos);
    simulation.bodyPosition(name, position);
    const at = qpos.findIndex((_, i) => position.every((value, k) => qpos[i + k] === value));
    qpos[at + 2] += rise;
    simulation.setState(qpos);
  };
  const look = (seconds: number) => {
    let done = false;
    for (let k = 0; k < Math.round(seconds / 0.01); k++) done = test.update(0.01);
    return done;
  };

  it('succeeds when the target has been in the receptacle for the time, the hand away', () => {
    put('red_cup', bin);
    expect(look(0.99)).to.equal(false);
    expect(look(0.01)).to.equal(true);
  });

  it('counts the time anew when the target leaves', () => {
    put('red_cup', bin);
    expect(look(0.9)).to.equal(false);
    put('red_cup', start);
    look(0.01);
    put('red_cup', bin);
    expect(look(0.9)).to.equal(false);
    expect(look(0.1)).to.equal(true);
  });

  it('wants the target inside, not beside, above or below', () => {
    for (const [dx, dy, rise] of [
      [0.1, 0, 0],
      [0, -0.08, 0],
      [0, 0, 0.04],
      [0, 0, -0.08],
    ]) {
      put('red_cup', { x: bin.x + dx, y: bin.y + dy, yaw: 0 }, rise);
      expect(look(1.5), `${dx} ${dy} ${rise}`).to.equal(false);
    }
  });

  it('wants the hand away', () => {
    test = new SuccessTest(task, layout, simulation, ['red_cup']);
    put('red_cup', bin);
    expect(look(1.5)).to.equal(false);
  });

  it('does not take another body for the target', () => {
    put('blue_cup', bin);
    expect(look(1.5)).to.equal(false);
  });

  it('says why the task is not done', () => {
    const aside = { x: start.x + 0.05, y: start.y, yaw: 0 };
    const cases: [string, () => void][] = [
      ['red_cup was not reached', () => {}],
      ['red_cup was pushed, not grasped', () => put('red_cup', aside)],
      ['red_cup fell off the table', () => put('red_cup', aside, -0.5)],
      ['red_cup was lifted but not placed', () => put('red_cup', start, 0.1)],
      ['lifted blue_cup instead of red_cup', () => put('blue_cup', layout.placements.get('blue_cup')!, 0.1)],
    ];
    for (const [cause, arrange] of cases) {
      simulation.reset(layout);
      test = new SuccessTest(task, layout, simulation, ['l_gripper', 'r_gripper']);
      test.update(0.01);
      arrange();
      look(0.1);
      expect(test.cause()).to.equal(cause);
    }
    put('red_cup', start, 0.1);
    look(0.1);
    put('red_cup', bin);
    look(0.1);
    expect(test.cause()).to.equal('red_cup was placed too late');
  });

  it('remembers that another body was lifted, also after it is put down', () => {
    put('blue_cup', layout.placements.get('blue_cup')!, 0.1);
    look(0.1);
    simulation.reset(layout);
    look(0.1);
    expect(test.cause()).to.equal('lifted blue_cup instead of red_cup');
  });
});
