import type { JointTrajectory } from '../control/trajectory.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import { BodySegments } from './body-segments.js';
import type { ProgressClock } from './progress-clock.js';
import { type Approach, allowedScale, protectiveDistance, type SeparationOptions } from './separation.js';

/** Kinds of obstacles; the numbers of TrackedObstacles.msg. */
export const ObstacleClass = { unknown: 0, person: 1, object: 2 } as const;
export type ObstacleClass = (typeof ObstacleClass)[keyof typeof ObstacleClass];

/** Somebody or something near the robot. */
export interface Obstacle {
  /** Centre in base_link, m. */
  readonly position: readonly [number, number, number];
  /** m/s, in base_link's axes */
  readonly velocity: readonly [number, number, number];
  /** m */
  readonly radius: number;
  /** A person, and what is not known, counts as a vertical cylinder, an object as a sphere. */
  readonly kind: ObstacleClass;
}

/** Obstacles that were heard of longer ago than this are not known any more, s. */
const LONGEST_SILENCE = 0.5;

/** Full speed of a part above which its direction counts, m/s. Below, an arm may set out in any direction. */
const MOVING = 0.05;
/** Speed that is assumed of an arm at rest, m/s. */
const SETTING_OUT = 0.5;

/** The scale is given in steps of this, so that plans are not made anew for nothing. */
const STEP = 0.02;

/** How things stand. */
export interface SeparationStatus {
  /** Distance to the obstacle that limits the scale most, and what it has to be at the present scale, m. */
  distance: number;
  required: number;
  /** Speed of the person, and of the part of the robot at full speed, towards each other, m/s. */
  readonly approach: Approach;
  /** Allowed scale, 0…1. */
  scale: number;
  /** Whether obstacles have been heard of, and are not any more. */
  silent: boolean;
}

/**
 * Speed and separation monitoring: how fast the robot may go on its path with people near it, so that it has come to
 * rest before they are too close (see separation.ts). Of every part of the robot the speed towards every person counts,
 * as the plan has it for the next 0.2 s.
 *
 * Without any word of people the speed is free; once there was, silence stops the robot.
 */
export class SeparationMonitor {
  readonly status: SeparationStatus;
  readonly #options: SeparationOptions;
  readonly #body: BodySegments;
  readonly #normal = new Float64Array(3);
  readonly #candidate: Approach = { human: 0, robot: 0, reaction: 0 };
  #obstacles: readonly Obstacle[] = [];
  #heard = Number.NaN;

  constructor(robot: Robot, kinematics: Kinematics, options: SeparationOptions) {
    this.#options = options;
    this.#body = new BodySegments(robot, kinematics);
    this.status = {
      distance: Number.POSITIVE_INFINITY,
      required: 0,
      approach: { human: 0, robot: 0, reaction: 0 },
      scale: 1,
      silent: false,
    };
  }

  /**
   * @param obstacles all there are
   * @param time of the measurement, on the planner's clock, s; one that is ahead of now counts as now
   */
  observe(obstacles: readonly Obstacle[], time: number): void {
    this.#obstacles = obstacles;
    this.#heard = time;
  }

  /** Keeps to the planner's clock when that starts anew. @param seconds to add to its times from before */
  shift(seconds: number): void {
    this.#heard += seconds;
  }

  /** Forgets what was heard. */
  reset(): void {
    this.#obstacles = [];
    this.#heard = Number.NaN;
  }

  /**
   * Allocates nothing.
   * @param time now, on the planner's clock, s @param plan from now on @param progress of that plan
   * @returns the scale at which the robot may go on, 0…1
   */
  update(time: number, plan: JointTrajectory, progress: ProgressClock): number {
    const { status } = this;
    this.#heard = Math.min(this.#heard, time);
    const age = time - this.#heard;
    status.silent = age > LONGEST_SILENCE;
    status.scale = status.silent ? 0 : 1;
    status.distance = Number.POSITIVE_INFINITY;
    status.required = 0;
    if (this.#obstacles.length === 0 || status.silent) return status.scale;
    this.#body.update(plan, progress);
    for (let i = 0; i < this.#obstacles.length; i++) {
      for (let part = 0; part < this.#body.count; part++) {
        this.#judge(this.#obstacles[i]!, part, this.#options.reactionTime + age, progress.scale);
      }
    }
    status.scale = Math.floor(status.scale / STEP) * STEP;
    return status.scale;
  }

  /** Keeps in the status what limits the scale most. */
  #judge(obstacle: Obstacle, part: number, reaction: number, present: number): void {
    const body = this.#body;
    const { status } = this;
    const fastest = body.speed(part);
    if (fastest < MOVING && !body.isArm(part)) return;
    const upright = obstacle.kind !== ObstacleClass.object;
    const distance = body.separation(part, obstacle.position, upright, this.#normal) - obstacle.radius;
    const robot = fastest < MOVING ? SETTING_OUT : body.speedTowards(part, this.#normal);
    const { velocity } = obstacle;
    let closing = 0;
    for (let i = 0; i < 3; i++) closing -= velocity[i]! * this.#normal[i]!;
    closing = Math.max(closing, 0);
    const human = upright ? Math.max(closing, this.#options.humanSpeed) : closing;
    this.#candidate.human = human;
    this.#candidate.robot = robot;
    this.#candidate.reaction = reaction;
    const scale = allowedScale(distance, this.#candidate, this.#options);
    if (scale > status.scale || (scale === status.scale && distance > status.distance)) return;
    status.scale = scale;
    status.distance = distance;
    status.required = protectiveDistance(present, this.#candidate, this.#options);
    status.approach.human = human;
    status.approach.robot = robot;
    status.approach.reaction = reaction;
  }
}
