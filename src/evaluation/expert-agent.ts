import type { ActionChunk, Arm } from '../action/action-chunk.js';
import { mirrorPoses } from '../math/mirror.js';
import type { Expert, ExpertKind } from '../sim/expert/expert.js';
import { experts } from '../sim/expert/experts.js';
import { waypointTime } from '../sim/expert/motion.js';
import { TruthView } from '../sim/expert/truth-view.js';
import type { Layout } from '../sim/layout.js';
import type { Task } from '../sim/scene.js';
import { bodyMotion } from '../sim/scene-bodies.js';
import { Disturbance } from './disturbance.js';
import type { Agent, Moment, Rollout } from './rollout.js';

/** A target is not pushed while the hand is nearer than this, m. */
const pushDistance = 0.18;

/** The scripted expert of a task as an agent of the lock-step rollout. */
export class ExpertAgent implements Agent {
  readonly period = waypointTime;
  readonly latency = 0;
  /** The clean plan of the last decision: the label. */
  plan: ActionChunk | undefined;
  readonly #task: Task;
  readonly #kind: ExpertKind;
  readonly #grippers: Readonly<Record<Arm, string>>;
  readonly #rests: Readonly<Record<Arm, Float64Array>>;
  readonly #disturbed: boolean;
  #layout: Layout | undefined;
  #acting: { readonly arm: Arm; readonly expert: Expert } | undefined;
  #disturbance = new Disturbance(0, false);

  /** @param disturbed whether noise is added to what is executed, and the target pushed now and then */
  constructor({ robot, kinematics }: Rollout, task: Task, disturbed: boolean) {
    this.#task = task;
    this.#kind = experts[task.expert];
    this.#grippers = robot.gripperFrames;
    this.#disturbed = disturbed;
    kinematics.setPositions(robot.posture(task.scene.robot.posture));
    const rest = (arm: Arm) => {
      const pose = new Float64Array(7);
      kinematics.pose(kinematics.frame(robot.gripperFrames[arm]), pose);
      return pose;
    };
    this.#rests = { left: rest('left'), right: rest('right') };
  }

  /** The arm that acts in the present episode. */
  get arm(): Arm {
    return this.#acting?.arm ?? 'right';
  }

  /** The part of the task in which the expert is. */
  get stage(): string {
    return this.#acting?.expert.stage ?? '';
  }

  reset(layout: Layout): void {
    this.#layout = layout;
    this.#acting = undefined;
    this.#disturbance = new Disturbance(layout.seed, this.#disturbed);
  }

  act(moment: Moment): readonly ActionChunk[] {
    const { time, commanded, simulation } = moment;
    this.#acting ??= this.#begin(moment);
    const { arm, expert } = this.#acting;
    const view = this.#view(moment, arm);
    const mirrored = (pose: Float64Array) => {
      const copy = pose.slice();
      if (arm === 'left') mirrorPoses(copy);
      return copy;
    };
    const { pose, gripper } = commanded[arm];
    const planned = expert.plan(view, { pose: mirrored(pose), gripper });
    const plan = {
      stamp: time,
      dt: waypointTime,
      arm,
      anchor: pose.slice(),
      poses: mirrored(planned.poses),
      gripper: planned.gripper,
    };
    this.plan = plan;
    this.#push(view, simulation);
    return [this.#disturbance.apply(plan, expert.tolerance)];
  }

  #begin(moment: Moment): { arm: Arm; expert: Expert } {
    const arm = this.#kind.chooseArm(this.#view(moment, 'right'));
    const rest = this.#rests[arm].slice();
    if (arm === 'left') mirrorPoses(rest);
    return { arm, expert: this.#kind.create(rest, this.#view(moment, arm)) };
  }

  #view({ simulation }: Moment, arm: Arm): TruthView {
    return new TruthView(simulation, this.#task, this.#layout!.instruction, arm, this.#grippers[arm]);
  }

  #push(view: TruthView, simulation: Moment['simulation']): void {
    const { target } = view.instruction;
    if (bodyMotion(view.scene.bodies[target]!) !== 'free') return;
    const at = view.pose(target);
    const away = Math.hypot(...[0, 1, 2].map((i) => at[i]! - view.gripper[i]!));
    const push = this.#disturbance.push(away > pushDistance);
    if (push !== undefined && away > pushDistance / 2) simulation.displace(target, ...push);
  }
}
