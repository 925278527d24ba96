import { resolve } from 'node:path';
import { expect } from 'chai';
import { rotationBetween } from '../../../src/math/pose.js';
import type { ExpertView } from '../../../src/sim/expert/expert.js';
import { PickAndPlaceExpert, pickAndPlace } from '../../../src/sim/expert/pick-and-place-expert.js';
import { loadTask } from '../../../src/sim/scene.js';

const task = loadTask(resolve('config/scenes/pick_and_place.yaml'));
const rest = Float64Array.of(0.25, -0.2, 0.1, 0, Math.sin(0.19), 0, Math.cos(0.19));
const dt = 0.1;

/** A world in which every first waypoint is reached and the hand holds what it closes on. */
class PerfectWorld implements ExpertView {
  readonly expert: PickAndPlaceExpert;
  readonly scene = task.scene;
  readonly instruction = task.instructions[0];
  readonly criterion = task.success.done;
  readonly target = Float64Array.of(0.43, -0.1, 0.025, 0, 0, 0, 1);
  readonly receptacle = Float64Array.of(0.38, -0.45, -0.05, 0, 0, 0, 1);
  gripper = rest.slice();
  closed = 0;

  constructor(expert = pickAndPlace.create(rest)) {
    this.expert = expert;
  }

  pose(body: string): Float64Array {
    return (body === this.instruction.target ? this.target : this.receptacle).slice();
  }

  opening(): number {
    return 0;
  }

  plan() {
    return this.expert.plan(this, { pose: this.gripper, gripper: this.closed });
  }

  step() {
    const plan = this.plan();
    const next = plan.poses.slice(0, 7);
    if (this.holds) for (let i = 0; i < 3; i++) this.target[i] += next[i] - this.gripper[i];
    this.gripper = next;
    this.closed = plan.gripper[0];
    return plan;
  }

  get distance(): number {
    return Math.hypot(...[0, 1, 2].map((i) => this.gripper[i] - this.target[i]));
  }

  get holds(): boolean {
    return this.closed > 0.8 && this.distance < 0.03;
  }
}

describe('pickAndPlace', () => {
  it('brings the target into the receptacle, lets go and returns', () => {
    const world = new PerfectWorld();
    const stages: string[] = [];
    for (let k = 0; k < 140; k++) {
      world.step();
      if (stages.at(-1) !== world.expert.stage) stages.push(world.expert.stage);
      // The hand closes at the target only.
      if (stages.at(-1) === 'reach' || stages.at(-1) === 'approach') expect(world.closed).to.equal(0);
      if (world.expert.stage === 'close') expect(world.distance).to.be.below(0.02);
    }
    expect(stages).to.deep.equal([
      'reach',
      'approach',
      'close',
      'lift',
      'withdraw',
      'carry',
      'over',
      'lower',
      'release',
      'retreat',
      'rest',
    ]);
    expect(world.target[0]).to.be.closeTo(world.receptacle[0], 0.01);
    expect(world.target[1]).to.be.closeTo(world.receptacle[1], 0.01);
    expect(world.closed).to.equal(0);
    for (let i = 0; i < 7; i++) expect(world.gripper[i]).to.be.closeTo(rest[i], 0.01);
  });

  it('plans a second ahead at bounded speed, from the commanded pose', () => {
    const world = new PerfectWorld();
    const turn = new Float64Array(3);
    for (let k = 0; k < 80; k++) {
      const { poses, gripper } = world.plan();
      expect([poses.length, gripper.length]).to.deep.equal([70, 10]);
      let before = world.gripper;
      for (let waypoint = 0; waypoint < 10; waypoint++) {
        const pose = poses.slice(7 * waypoint, 7 * waypoint + 7);
        const step = Math.hypot(pose[0] - before[0], pose[1] - before[1], pose[2] - before[2]);
        expect(step).to.be.at.most(1.25 * 0.32 * dt + 1e-9);
        rotationBetween(before, 3, pose, 3, turn, 0);
        expect(Math.hypot(...turn)).to.be.at.most(1.2 * dt + 1e-9);
        expect(Math.hypot(...pose.slice(3))).to.be.closeTo(1, 1e-9);
        expect(gripper[waypoint]).to.be.within(0, 1);
        before = pose;
      }
      world.step();
    }
  });

  it('takes its time where a person holds the receptacle', () => {
    const duration = (world: PerfectWorld) => {
      let steps = 0;
      while (world.expert.stage !== 'rest' && steps < 200) {
        world.step();
        steps++;
      }
      return steps * dt;
    };
    const [brisk, careful] = [new PerfectWorld(), new PerfectWorld(new PickAndPlaceExpert(rest, 1))].map(duration);
    expect(careful).to.be.within(5, 10);
    expect(brisk).to.be.within(0.8 * careful, 0.95 * careful);
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
    expect(world.closed).to.equal(0);
  });

  it('plans the same from the same', () => {
    const [one, other] = [new PerfectWorld(), new PerfectWorld()];
    for (let k = 0; k < 50; k++) expect(one.step()).to.deep.equal(other.step());
  });

  it('takes the hand on whose side the target is', () => {
    const world = new PerfectWorld();
    expect(pickAndPlace.chooseArm(world)).to.equal('right');
    world.target[1] = 0.15;
    expect(pickAndPlace.chooseArm(world)).to.equal('left');
  });
});
