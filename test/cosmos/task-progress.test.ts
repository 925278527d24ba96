import { expect } from 'chai';
import { TaskProgress } from '../../src/cosmos/task-progress.js';

const bin = [0.38, -0.45, -0.05];
const away = [0.2, -0.4, 0.1];
const certain = 0.005;

/** A task whose hand has closed, opened and gone away. */
function placed(): TaskProgress {
  const progress = new TaskProgress();
  for (const gripper of [0, 0.5, 1, 0.5, 0]) progress.observeHand(away, gripper);
  return progress;
}

describe('TaskProgress', () => {
  it('goes through reach, grasp, carry and place with the gripper', () => {
    const progress = new TaskProgress();
    const stages = [0, 0.5, 1, 0.5, 0].map((gripper) => {
      progress.observeHand(away, gripper);
      return progress.stage;
    });
    expect(stages).to.deep.equal(['reach', 'grasp', 'carry', 'carry', 'place']);
  });

  it('goes back to reach when the hand opens before it has closed', () => {
    const progress = new TaskProgress();
    for (const gripper of [0, 0.5, 0]) progress.observeHand(away, gripper);
    expect(progress.stage).to.equal('reach');
  });

  it('is done when the target was seen inside for 0.6 s, the hand away', () => {
    const progress = placed();
    progress.observeObjects(10, [0.39, -0.44, 0], bin, certain);
    progress.observeObjects(10.5, [0.39, -0.44, 0], bin, certain);
    expect(progress.stage).to.equal('place');
    progress.observeObjects(10.7, [0.39, -0.44, 0], bin, certain);
    expect(progress.stage).to.equal('done');
    expect(progress.progress).to.equal(1);
  });

  it('is not done while the target is beside, below, uncertain or in the hand', () => {
    for (const [target, deviation] of [
      [[0.6, -0.44, 0], certain],
      [[0.39, -0.44, -0.8], certain],
      [[0.39, -0.44, 0], 0.1],
      [away, certain],
    ] as const) {
      const progress = placed();
      for (const time of [10, 11, 12]) progress.observeObjects(time, target, bin, deviation);
      expect(progress.stage).to.equal('place');
      expect(progress.missing).to.contain('target');
    }
  });
});
