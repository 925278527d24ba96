import type { ActionChunk } from '../action/action-chunk.js';
import { Random } from '../math/random.js';
import type { Layout } from '../sim/layout.js';
import type { Task } from '../sim/scene.js';
import { bodyMotion } from '../sim/scene-bodies.js';
import type { Agent, Moment, Rollout } from './rollout.js';

/** What can go wrong in an evaluation: the target is moved, an arm is pushed, answers come late, the camera drops out. */
export const perturbations = ['object', 'push', 'latency', 'camera'] as const;
export type Perturbation = (typeof perturbations)[number];

const strength = {
  /** When it begins, s. */
  begin: [0.8, 3],
  /** The target is moved by this much, m, at this speed, m/s, unless a hand is nearer than that, m. */
  move: [0.03, 0.05],
  moveSpeed: 0.2,
  moveClear: 0.15,
  /** Force on a forearm, N, and for how long, s. */
  force: 25,
  pushTime: 0.3,
  /** What is added to the latency, s. */
  latency: 0.1,
  /** For how long there are no images, s. */
  dropout: 1,
} as const;

/** An agent in a world in which something goes wrong once an episode, drawn from its seed. */
export class PerturbedAgent implements Agent {
  readonly period: number;
  readonly latency: number;
  readonly #agent: Agent;
  readonly #task: Task;
  readonly #kind: Perturbation;
  readonly #forearms: readonly number[];
  readonly #hands: readonly number[];
  #layout: Layout | undefined;
  #random = new Random(0);
  #begin = 0;
  #direction = 0;
  #forearm = 0;
  /** Way that is left to move the target, m, and time of the last decision, s. */
  #left = 0;
  #last = 0;

  constructor(agent: Agent, task: Task, { robot, simulation }: Rollout, kind: Perturbation) {
    this.#agent = agent;
    this.#task = task;
    this.#kind = kind;
    this.period = agent.period;
    this.latency = agent.latency + (kind === 'latency' ? strength.latency : 0);
    this.#forearms = ['left', 'right'].map((arm) => simulation.link(`${arm}_elbow_link`));
    this.#hands = Object.values(robot.gripperFrames).map((frame) => simulation.link(frame));
  }

  reset(layout: Layout): void {
    this.#agent.reset(layout);
    this.#layout = layout;
    this.#random = new Random(layout.seed + 0xbad);
    this.#begin = this.#random.uniform(...strength.begin);
    this.#direction = this.#random.uniform(0, 2 * Math.PI);
    this.#forearm = this.#random.pick(this.#forearms);
    this.#left = this.#random.uniform(...strength.move);
    this.#last = 0;
  }

  act(moment: Moment): readonly ActionChunk[] | Promise<readonly ActionChunk[]> {
    const { time, simulation } = moment;
    const since = time - this.#begin;
    if (this.#kind === 'object' && since >= 0) this.#move(moment);
    if (this.#kind === 'push') {
      const force = since >= 0 && since < strength.pushTime ? strength.force : 0;
      const [x, y] = [force * Math.cos(this.#direction), force * Math.sin(this.#direction)];
      simulation.push(this.#forearm, [x, y, 0]);
    }
    this.#last = time;
    if (this.#kind === 'camera' && since >= 0 && since < strength.dropout) return [];
    return this.#agent.act(moment);
  }

  #move({ time, simulation }: Moment): void {
    const { target } = this.#layout!.instruction;
    if (this.#left <= 0 || bodyMotion(this.#task.scene.bodies[target]!) !== 'free') return;
    const [place, hand] = [new Float64Array(3), new Float64Array(3)];
    simulation.bodyPosition(target, place);
    const near = this.#hands.some((link) => {
      simulation.linkPosition(link, hand);
      return Math.hypot(...[0, 1, 2].map((i) => place[i]! - hand[i]!)) < strength.moveClear;
    });
    if (near) return;
    const step = Math.min(this.#left, strength.moveSpeed * (time - this.#last));
    this.#left -= step;
    simulation.displace(target, step * Math.cos(this.#direction), step * Math.sin(this.#direction));
  }
}
