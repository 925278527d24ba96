import type { ActionChunk } from '../action/action-chunk.js';
import { Random } from '../math/random.js';
import { waypointTime } from '../sim/expert/motion.js';
import type { Layout } from '../sim/layout.js';
import type { PolicyAgent } from './policy-agent.js';
import type { Moment } from './rollout.js';

/** How long one acts before the other takes over, s, uniform. */
const turns = { policy: [1.5, 6], expert: [0.5, 2.5] } as const;
/** Share of the episodes that the policy begins. */
const policyFirst = 0.6;
/** From an observation to what the policy answers, s, uniform: as on a busy graph, and no longer than its period. */
const latency = [0.05, 0.2] as const;

/**
 * Policy and expert take turns at the robot, so that the expert's labels cover the states that the policy gets into
 * and the ways back from there (DAgger: Ross, Gordon, Bagnell 2011, with a mixture that alternates in time).
 */
export class PolicyTurns {
  readonly #policy: PolicyAgent;
  #random = new Random(0);
  #policyActs = false;
  /** When the present turn ends, s. */
  #until = 0;
  /** When the policy may be asked again, s. */
  #next = 0;
  /** The policy's answer that is still under way. */
  #pending: { readonly due: number; readonly chunks: readonly ActionChunk[] } | undefined;

  constructor(policy: PolicyAgent) {
    this.#policy = policy;
  }

  /** An episode begins; whose turn it is when follows from the layout's seed. */
  reset(layout: Layout): void {
    this.#policy.reset(layout);
    this.#random = new Random(layout.seed + 0xda66);
    this.#policyActs = this.#random.uniform(0, 1) >= policyFirst;
    this.#until = 0;
    this.#next = 0;
    this.#pending = undefined;
  }

  /** What is executed: the expert's chunks in its turns, otherwise the policy's as they come due. */
  async choose(moment: Moment, expert: readonly ActionChunk[]): Promise<readonly ActionChunk[]> {
    const { time } = moment;
    if (time >= this.#until) {
      this.#policyActs = !this.#policyActs;
      // An answer that is still under way is older than what the other one had executed.
      this.#pending = undefined;
      this.#until = time + this.#random.uniform(...turns[this.#policyActs ? 'policy' : 'expert']);
    }
    // The policy looks on in the expert's turns too: its observation history goes on.
    const answer = this.#take(time);
    if (time >= this.#next - 1e-6) {
      const chunks = await this.#policy.act(moment);
      this.#pending = { due: time + this.#random.uniform(...latency), chunks };
      this.#next = time + this.#policy.period;
    }
    return this.#policyActs ? answer : expert;
  }

  #take(time: number): readonly ActionChunk[] {
    const pending = this.#pending;
    if (pending === undefined || time < pending.due - 1e-6) return [];
    this.#pending = undefined;
    // At the expert's pace, so that what comes of a motion, and what is seen of it, is as in all demonstrations.
    return pending.chunks.map((chunk) => ({ ...chunk, dt: waypointTime }));
  }
}
