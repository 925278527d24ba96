import { expect } from 'chai';
import { rotationBetween } from '../../../src/math/pose.js';
import { PickAndPlaceExpert } from '../../../src/sim/expert/pick-and-place-expert.js';

const rest = Float64Array.of(0.25, -0.2, 0.1, 0, Math.sin(0.19), 0, Math.cos(0.19));

/** A world in which every first waypoint is reached and the hand holds what it closes on. */
class PerfectWorld {
  readonly expert = new PickAndPlaceExpert(rest);
  readonly target = Float64Array.of(0.43, -0.1, 0.025);
  readonly receptacle = Float64Array.of(0.38, -0.45, -0.05);
  pose = rest.slice();
  gripper = 0;
  time = 0;
  slippery = false;

  plan() {
    const truth = { target: this.target, receptacle: this.receptacle, gripper: this.pose };
    return this.expert.plan(this.time, truth, { arm: 'right', pose: this.pose, gripper: this.gripper });
  }

  step() {
    const chunk = this.plan();
    const next = chunk.poses.slice(0, 7);
    if (this.holds && !this.slippery) for (let i = 0; i < 3; i++) this.target[i] += next[i] - this.pose[i];
    this.pose = next;
    this.gripper = chunk.gripper[0];
    this.time += chunk.dt;
    return chunk;
  }

  get distance(): number {
    return Math.hypot(...[0, 1, 2].map((i) => this.pose[i] - this.target[i]));
  }

  get holds(): boolean {
    return this.gripper > 0.8 && this.distance < 0.03;
  }
}

describe('PickAndPlaceExpert', () => {
  it('brings the target into the receptacle, lets go and returns', () => {
    const world = new PerfectWorld();
    const stages: string[] = [];
    for (let k = 0; k < 120; k++) {
      world.step();
      if (stages.at(-1) !== world.expert.stage) stages.push(world.expert.stage);
      // The hand closes at the target only.
      if (stages.at(-1) === 'reach' || stages.at(-1) === 'approach') expect(world.gripper).to.equal(0);
      if (world.expert.stage === 'close') expect(world.distance).to.be.below(0.02);
    }
    expect(stages).to.deep.equal([
      'reach',
      'approach',
      'close',
      'lift',
      'withdraw',
      'carry',
      'release',
      'retreat',
      'rest',
    ]);
    expect(world.target[0]).to.be.closeTo(world.receptacle[0], 0.01);
    expect(world.target[1]).to.be.closeTo(world.receptacle[1], 0.01);
    expect(world.gripper).to.equal(0);
    for (let i = 0; i < 7; i++) expect(world.pose[i]).to.be.closeTo(rest[i], 0.01);
  });

  it('plans a second ahead at bounded speed, from the commanded pose', () => {
    const world = new PerfectWorld();
    const turn = new Float64Array(3);
    for (let k = 0; k < 80; k++) {
      const { stamp, dt, arm, anchor, poses, gripper } = world.plan();
      expect([stamp, dt, arm]).to.deep.equal([world.time, 0.1, 'right']);
      expect(anchor).to.deep.equal(world.pose);
      expect([poses.length, gripper.length]).to.deep.equal([70, 10]);
      let before = anchor;
      for (let waypoint = 0; waypoint < 10; waypoint++) {
        const pose = poses.slice(7 * waypoint, 7 * waypoint + 7);
        const step = Math.hypot(pose[0] - before[0], pose[1] - before[1], pose[2] - before[2]);
        expect(step).to.be.at.most(0.32 * 0.1 + 1e-9);
        rotationBetween(before, 3, pose, 3, turn, 0);
        expect(Math.hypot(...turn)).to.be.at.most(1.2 * 0.1 + 1e-9);
        expect(Math.hypot(...pose.slice(3))).to.be.closeTo(1, 1e-9);
        expect(gripper[waypoint]).to.be.within(0, 1);
        before = pose;
      }
      world.step();
    }
  });

  it('begins again where the target slipped out of the hand', () => {
    const world = new PerfectWorld();
    for (let k = 0; k < 120 && world.expert.stage !== 'carry'; k++) world.step();
    expect(world.expert.stage).to.equal('carry');
    world.target[0] += 0.2;
    world.step();
    expect(world.expert.stage).to.equal('release');
    for (let k = 0; k < 40 && world.expert.stage !== 'reach'; k++) world.step();
    expect(world.expert.stage).to.equal('reach');
    expect(world.gripper).to.equal(0);
  });

  it('plans the same from the same', () => {
    const [one, other] = [new PerfectWorld(), new PerfectWorld()];
    for (let k = 0; k < 50; k++) expect(one.step()).to.deep.equal(other.step());
  });
});
