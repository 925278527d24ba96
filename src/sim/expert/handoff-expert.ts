import type { ExpertKind, ExpertState } from './expert.js';
import { GraspExpert, type GraspStage } from './grasp-expert.js';
import { nearerArm, PickAndPlaceExpert } from './pick-and-place-expert.js';

/** Takes the target over from the one that offers it, and keeps it. */
class TakeOverExpert extends GraspExpert<'keep'> {
  protected readonly held = 'keep';

  constructor(rest: Float64Array) {
    super(rest);
  }

  protected override carries(stage: 'keep' | GraspStage): boolean {
    return super.carries(stage) || stage === 'keep';
  }

  /** It lets go only what it lost. */
  protected left(): GraspStage {
    return 'reach';
  }

  protected delivered(): boolean {
    return false;
  }

  protected brought(): undefined {}

  /** The hand stays where it is. */
  protected handle(_state: ExpertState<'keep' | GraspStage>): void {}
}

/** Hands over as one puts something down, and takes over what is offered. */
export const handoff: ExpertKind = {
  chooseArm: nearerArm,
  create: (rest, view) =>
    view.criterion.test === 'taken' ? new TakeOverExpert(rest) : new PickAndPlaceExpert(rest, 1),
};
