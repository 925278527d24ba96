import { expect } from 'chai';
import { createJointTrajectory } from '../../src/control/trajectory.js';
import { PlanningClock } from '../../src/planning/planning-clock.js';
import { ProgressClock } from '../../src/planning/progress-clock.js';
import { separationDefaults } from '../../src/planning/separation.js';
import { type Obstacle, ObstacleClass, SeparationMonitor } from '../../src/planning/separation-monitor.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { robot } from '../robot/robot-fixture.js';

const work = robot.posture('table_work');
const joints = robot.names.length;
const shoulder = robot.index('right_shoulder_pitch_joint');

describe('SeparationMonitor', () => {
  let kinematics: Kinematics;
  let monitor: SeparationMonitor;
  let hand: Float64Array;
  const progress = new ProgressClock(0.01, 20);
  before(async () => {
    kinematics = await Kinematics.create(robot);
    hand = new Float64Array(7);
    kinematics.setPositions(work);
    kinematics.pose(kinematics.frame('r_gripper'), hand);
  });
  after(() => kinematics.delete());
  beforeEach(() => {
    monitor = new SeparationMonitor(robot, kinematics, separationDefaults);
    progress.start(0);
  });

  /** The right arm turns at `velocity`, rad/s: forward and up where it is negative. */
  const plan = (velocity: number, at = progress) => {
    const trajectory = createJointTrajectory(joints, 20);
    for (let k = 0; k < 20; k++) {
      trajectory.time[k] = k * 0.01;
      trajectory.position.set(work, k * joints);
      trajectory.position[k * joints + shoulder] += velocity * (at.at(k) - at.at(0));
    }
    return trajectory;
  };
  /** Somebody in front of the right hand, at this distance of their surface from the hand's frame, m. */
  const ahead = (distance: number, options: Partial<Obstacle> = {}): Obstacle => ({
    position: [hand[0] + distance + 0.25, hand[1], 0],
    velocity: [0, 0, 0],
    radius: 0.25,
    kind: ObstacleClass.person,
    ...options,
  });
  const scale = (obstacles: readonly Obstacle[], velocity = 0, time = 0) => {
    monitor.observe(obstacles, 0);
    return monitor.update(time, plan(velocity), progress);
  };

  it('leaves the speed free as long as nobody is heard of or near', () => {
    expect(monitor.update(100, plan(-1), progress)).to.equal(1);
    expect(scale([], -1)).to.equal(1);
    expect(scale([ahead(4)], -1)).to.equal(1);
  });

  it('slows down with the distance, down to a stop', () => {
    const scales = [1.5, 1, 0.8, 0.6, 0.4].map((distance) => scale([ahead(distance)], -2));
    expect(scales[0]).to.equal(1);
    for (let i = 1; i < scales.length; i++) expect(scales[i]).to.be.at.most(scales[i - 1]);
    expect(scales.at(-1)).to.equal(0);
    expect(scales[2]).to.be.within(0.3, 0.9);
    const { status } = monitor;
    expect(status.distance).to.be.closeTo(0.4 - 0.14, 0.02);
    expect(status.approach.human).to.equal(1.6);
    expect(status.required).to.be.above(0.5);
  });

  it('counts the robot’s speed towards the person, not away from them', () => {
    const towards = scale([ahead(0.8)], -2);
    const speed = monitor.status.approach.robot;
    const away = scale([ahead(0.8)], 2);
    expect(away).to.be.above(towards + 0.05);
    // About 0.5 m from the shoulder, 2 rad/s
    expect(speed).to.be.within(0.5, 1.2);
    expect(monitor.status.approach.robot).to.be.below(0.1);
  });

  it('knows the full speed of a plan that is slowed down, and of one that stands', () => {
    scale([ahead(0.8)], -2);
    const speed = monitor.status.approach.robot;
    progress.setTarget(0.3);
    for (let i = 0; i < 60; i++) progress.shift();
    monitor.update(0, plan(-2), progress);
    expect(monitor.status.approach.robot).to.be.closeTo(speed, 0.1);
    progress.setTarget(0);
    for (let i = 0; i < 60; i++) progress.shift();
    monitor.update(0, plan(-2), progress);
    expect(monitor.status.approach.robot).to.be.closeTo(speed, 0.1);
  });

  it('expects an arm at rest to set out', () => {
    scale([ahead(0.8)]);
    expect(monitor.status.approach.robot).to.equal(0.5);
  });

  it('counts who comes faster than people walk, and with the age of what was measured', () => {
    const slow = scale([ahead(1)], -1);
    expect(scale([ahead(1, { velocity: [-2.5, 0, 0] })], -1)).to.be.below(slow);
    expect(monitor.status.approach.human).to.be.closeTo(2.5, 1e-2);
    expect(scale([ahead(1, { velocity: [2.5, 0, 0] })], -1)).to.equal(slow);
    expect(scale([ahead(1)], -1, 0.2)).to.be.below(slow);
    expect(monitor.status.approach.reaction).to.be.closeTo(0.3, 1e-9);
  });

  it('lets the arm work near an object that stands still, and takes the unknown for a person', () => {
    const box = { position: [hand[0] + 0.6, hand[1], hand[2]] as const, radius: 0.1, kind: ObstacleClass.object };
    const person = scale([ahead(0.5)]);
    expect(scale([ahead(0.5, box)])).to.be.above(person + 0.3);
    expect(scale([ahead(0.5, { kind: ObstacleClass.unknown })])).to.equal(person);
    // Far below the arm, an object does not matter; a person is everywhere between floor and ceiling.
    expect(scale([ahead(0.5, { ...box, position: [hand[0] + 0.3, hand[1], -3] })])).to.equal(1);
  });

  it('stands when people are not heard of any more, until they are again', () => {
    expect(scale([], -1, 0.4)).to.equal(1);
    expect(monitor.update(0.6, plan(-1), progress)).to.equal(0);
    expect(monitor.status.silent).to.equal(true);
    monitor.observe([], 0.6);
    expect(monitor.update(0.61, plan(-1), progress)).to.equal(1);
    monitor.update(2, plan(-1), progress);
    monitor.reset();
    expect(monitor.update(9, plan(-1), progress)).to.equal(1);
  });

  it('notices a silence although the planner’s clock starts anew meanwhile', () => {
    const clock = new PlanningClock(0.01);
    // As the planner does while the robot is stopped.
    const restart = (now: number) => {
      monitor.shift(clock.origin - now);
      clock.start(now);
      return monitor.update(clock.time, plan(-1), progress);
    };
    expect(restart(90)).to.equal(1);
    monitor.observe([], 100 - clock.origin);
    for (const now of [100.1, 100.2, 100.3, 100.4]) expect(restart(now), String(now)).to.equal(1);
    expect(restart(100.6)).to.equal(0);
    expect(monitor.status.silent).to.equal(true);
    expect(restart(200)).to.equal(0);
  });

  it('takes a stamp ahead of now for now', () => {
    monitor.observe([], 10);
    expect(monitor.update(0, plan(-1), progress)).to.equal(1);
    expect(monitor.update(0.4, plan(-1), progress)).to.equal(1);
    expect(monitor.update(0.6, plan(-1), progress)).to.equal(0);
    expect(monitor.status.silent).to.equal(true);
  });
});
