import { expect } from 'chai';
import { TruthWatch } from '../../src/faults/truth-watch.js';
import type { Message } from '../../src/ros/messages.js';
import { createLayout } from '../../src/sim/layout.js';
import { loadTask } from '../../src/sim/scene.js';

const JOINTS = 75;
const OBJECTS = 4;

describe('TruthWatch', () => {
  const task = loadTask('config/scenes/pick_and_place.yaml');
  const layout = createLayout(task, 3);
  const bin = layout.placements.get(layout.instruction.receptacle)!;

  function state(time: number, changes: object = {}): Message<'cosmos_humanoid/msg/SimState'> {
    return {
      seed: 3n,
      instruction: '',
      episode: 1,
      physics_time: time,
      qpos: new Float64Array(7 + JOINTS + 7 * OBJECTS),
      qvel: new Float64Array(6 + JOINTS + 6 * OBJECTS),
      violations: Uint32Array.of(2, 0, 0),
      excess: Float64Array.of(0.1, -1, -1),
      excess_joint: Uint32Array.of(5, 0, 0),
      pelvis_lowest: 0.85,
      tilt_largest: 0.1,
      harness_load: 0,
      ...changes,
    } as unknown as Message<'cosmos_humanoid/msg/SimState'>;
  }

  /** The first object falls at a place. */
  function falling(x: number, y: number) {
    const { qpos, qvel } = state(0);
    qpos.set([x, y, 0.9], 7 + JOINTS);
    qvel[6 + JOINTS + 2] = -1.5;
    return { qpos, qvel };
  }

  it('counts the violations of a run, over a simulation that is started anew', () => {
    const watch = new TruthWatch(task);
    watch.observe(state(1));
    watch.begin();
    watch.observe(state(2, { violations: Uint32Array.of(5, 1, 0) }));
    expect(watch.result.violations).to.deep.equal([3, 1, 0]);
    watch.observe(state(0.1, { violations: Uint32Array.of(1, 0, 4) }));
    expect(watch.result.violations).to.deep.equal([4, 1, 4]);
    expect(watch.result.excess).to.deep.equal([0.1, -1, -1]);
  });

  it('sees falls', () => {
    for (const change of [{ tilt_largest: 1.2 }, { pelvis_lowest: 0.2 }]) {
      const watch = new TruthWatch(task);
      watch.observe(state(1));
      expect(watch.result.fallen).to.equal(false);
      watch.observe(state(2, change));
      expect(watch.result.fallen).to.equal(true);
    }
  });

  it('sees that the harness catches the robot, which then has not fallen', () => {
    const watch = new TruthWatch(task);
    watch.observe(state(1));
    expect(watch.result.caught).to.equal(false);
    watch.observe(state(2, { harness_load: 700 }));
    expect(watch.result).to.deep.include({ caught: true, fallen: false });
    watch.begin();
    expect(watch.result.caught).to.equal(false);
  });

  it('sees objects that are dropped, but not those that are let go over the receptacle', () => {
    const watch = new TruthWatch(task);
    watch.observe(state(1, falling(bin.x + 0.02, bin.y)));
    expect(watch.result.dropped).to.deep.equal([]);
    watch.observe(state(1.1, falling(bin.x + 0.3, bin.y)));
    expect(watch.result.dropped).to.have.length(1);
    watch.begin();
    expect(watch.result.dropped).to.deep.equal([]);
  });
});
