import { expect } from 'chai';
import { ActionDecoder } from '../../src/action/action-decoder.js';
import { decodeActions } from '../../src/action/action-space.js';
import { Clearance, defaultClearance } from '../../src/planning/clearance.js';
import { MotionPlanner, planningStep } from '../../src/planning/motion-planner.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { robot } from '../robot/robot-fixture.js';

const work = robot.posture('table_work');
/** m/s */
const SPEED = 0.12;
/** Speed at which a hand that comes to rest may swing back, m/s. */
const BACK = 0.01;

describe('chunks that come late', () => {
  let kinematics: Kinematics;
  before(async () => {
    kinematics = await Kinematics.create(robot);
  });
  after(() => kinematics.delete());

  /**
   * A policy that always wants the right hand to go up at a constant speed for the next second.
   * @param latency of question i, s
   * @returns height of the hand in each cycle of the planner, m; how many chunks were dropped
   */
  function follow(latency: (i: number) => number, duration: number) {
    const decoder = new ActionDecoder(robot, kinematics, work);
    const planner = new MotionPlanner(robot, kinematics, work, new Clearance(robot, kinematics, defaultClearance));
    const actions = new Float64Array(70);
    for (let k = 0; k < 10; k++) actions[7 * k + 2] = SPEED * 0.1 * (k + 1);
    const pose = new Float64Array(7);
    const heights: number[] = [];
    let dropped = 0;
    let asked = 0;
    let pending: { stamp: number; anchor: Float64Array; positions: Float64Array; due: number } | undefined;
    for (let time = 0; time < duration; time += planningStep) {
      planner.commanded('right', pose);
      heights.push(pose[2]!);
      if (pending !== undefined && time >= pending.due) {
        const { stamp, anchor, positions } = pending;
        const chunk = decodeActions(actions, { stamp, dt: 0.1, arm: 'right', anchor });
        const taken = decoder.decode(chunk, positions, time);
        if (taken === undefined) dropped++;
        else planner.follow(taken);
        pending = undefined;
      }
      if (pending === undefined) {
        const positions = planner.trajectory.position.slice(0, work.length);
        pending = { stamp: time, anchor: pose.slice(), positions, due: time + latency(asked++) };
      }
      planner.plan(time);
    }
    return { heights, dropped };
  }

  /** Largest change of the height in a cycle, as a speed, m/s; negative: the hand goes back. */
  const speeds = (heights: readonly number[]) => heights.slice(1).map((z, k) => (z - heights[k]!) / planningStep);

  for (const [name, latency] of [
    ['50 ms', () => 0.05],
    ['300 ms', () => 0.3],
    ['800 ms', () => 0.8],
    ['jitter', (i: number) => [0.1, 0.7, 0.2, 0.9, 0.4][i % 5]!],
  ] as const) {
    it(`are followed without a jump or a step back: ${name}`, () => {
      const { heights, dropped } = follow(latency, 2.5);
      expect(dropped).to.equal(0);
      const found = speeds(heights);
      expect(Math.min(...found)).to.be.above(-BACK);
      // No catching up with what was due while the chunk was on its way.
      expect(Math.max(...found)).to.be.below(2 * SPEED);
      expect(heights.at(-1)! - heights[0]!).to.be.above(0.05);
    });
  }

  it('make the hand slow down and hold where they stop coming, and go on from there', () => {
    const { heights } = follow((i) => (i === 3 ? 1.8 : 0.2), 4);
    const found = speeds(heights);
    expect(Math.min(...found)).to.be.above(-BACK);
    expect(Math.max(...found)).to.be.below(2 * SPEED);
    // Asked at 0.6 s; the chunk before ends at 1.6 s, the late one would come at 2.4 s, but ended before that.
    expect(Math.max(...found.slice(200, 235).map(Math.abs))).to.be.below(0.003);
    expect(heights.at(-1)! - heights[235]!).to.be.above(0.05);
  });

  it('make the hand go from rest to rest where the policy takes longer than its motion', () => {
    const { heights, dropped } = follow(() => 1.5, 5.2);
    // Asked at rest at 0 and 3 s, done from 1.5 to 2.5 s and from 4.5 s on; what was asked at 1.5 s was done by 2.5 s.
    expect(dropped).to.equal(1);
    const found = speeds(heights);
    expect(Math.min(...found)).to.be.above(-BACK);
    expect(Math.max(...found)).to.be.below(2 * SPEED);
    expect(Math.max(...found.slice(0, 145).map(Math.abs))).to.be.below(1e-6);
    expect(heights[299]! - heights[0]!).to.be.within(0.08, 0.14);
    expect(heights.at(-1)!).to.be.above(heights[299]! + 0.05);
  });

  it('are dropped where what they answer was seen long ago: the hand stays', () => {
    const { heights, dropped } = follow(() => 5.1, 11);
    expect(dropped).to.equal(2);
    expect(Math.max(...speeds(heights).map(Math.abs))).to.be.below(1e-6);
  });
});
