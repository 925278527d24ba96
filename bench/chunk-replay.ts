import { type ActionChunk, type Arm, chunkEnd } from '../src/action/action-chunk.js';
import { ActionDecoder, defaultActionDecoder } from '../src/action/action-decoder.js';
import { decodeActions, encodeActions } from '../src/action/action-space.js';
import type { PolicyAgent } from '../src/evaluation/policy-agent.js';
import type { Agent, Moment } from '../src/evaluation/rollout.js';
import { Clearance, defaultClearance } from '../src/planning/clearance.js';
import { MotionPlanner, planningStep } from '../src/planning/motion-planner.js';
import { Kinematics } from '../src/robot/kinematics.js';
import type { Robot } from '../src/robot/robot.js';
import type { Layout } from '../src/sim/layout.js';

/** A chunk as the policy predicted it. */
export interface RecordedChunk {
  readonly arm: Arm;
  /** Time between waypoints, s. */
  readonly dt: number;
  /** Hand commanded at the observation: x, y, z (m) and quaternion x, y, z, w in base_link. */
  readonly anchor: Float64Array;
  /** horizon × 7, relative to the anchor. */
  readonly actions: Float64Array;
}

/** An agent that keeps what its policy predicts. */
export class RecordingAgent implements Agent {
  readonly chunks: RecordedChunk[] = [];
  readonly #agent: PolicyAgent;

  constructor(agent: PolicyAgent) {
    this.#agent = agent;
  }

  get period(): number {
    return this.#agent.period;
  }

  get latency(): number {
    return this.#agent.latency;
  }

  reset(layout: Layout): void {
    this.#agent.reset(layout);
  }

  async act(moment: Moment): Promise<readonly ActionChunk[]> {
    const chunks = await this.#agent.act(moment);
    for (const chunk of chunks) {
      const { arm, dt, anchor } = chunk;
      this.chunks.push({ arm, dt, anchor: anchor.slice(), actions: encodeActions(chunk) });
    }
    return chunks;
  }
}

/**
 * How a chunk takes over: `blended` as action_decoder does it; `switched`: it is followed as it is from the moment it
 * arrives; `restarted`: so, but from its first waypoint, as if it had been predicted at that moment.
 */
export type Takeover = 'blended' | 'switched' | 'restarted';

/** What a replay commanded, a row each planner's cycle. */
export interface Replay {
  /** Commanded positions of the arm's seven joints, rad. */
  readonly joints: Float64Array[];
  /** Commanded position of the hand in base_link, m. */
  readonly hand: Float64Array[];
  /** Cycles in which a chunk took over. */
  readonly takeovers: number[];
  /** Chunks that came after their end. */
  dropped: number;
}

/** How far along the recording the next observation may be, in chunks. */
const WINDOW = 15;

/**
 * Lets the planner follow recorded chunks that come with a latency, one question at a time: the next is asked as soon
 * as the one before is answered, but not before `period`. The robot asks with the hand where it is commanded; the
 * answer is the chunk that was recorded with the hand nearest to there.
 */
export class ChunkReplay {
  readonly #robot: Robot;
  readonly #kinematics: Kinematics;
  readonly #posture: Float64Array;

  static async create(robot: Robot, posture: Float64Array): Promise<ChunkReplay> {
    return new ChunkReplay(robot, await Kinematics.create(robot), posture);
  }

  private constructor(robot: Robot, kinematics: Kinematics, posture: Float64Array) {
    this.#robot = robot;
    this.#kinematics = kinematics;
    this.#posture = posture;
  }

  /**
   * @param period least time between two questions, s
   * @param latency of question i, s
   * @param duration s, at most
   */
  run(
    chunks: readonly RecordedChunk[],
    takeover: Takeover,
    period: number,
    latency: (i: number) => number,
    duration: number,
  ): Replay {
    const robot = this.#robot;
    const { arm } = chunks[0]!;
    const armJoints = robot.group(`${arm}_arm`);
    const decoder = new ActionDecoder(robot, this.#kinematics, this.#posture, defaultActionDecoder);
    const clearance = new Clearance(robot, this.#kinematics, defaultClearance);
    const planner = new MotionPlanner(robot, this.#kinematics, this.#posture, clearance);
    const replay: Replay = { joints: [], hand: [], takeovers: [], dropped: 0 };
    const pose = new Float64Array(7);
    let place = -1;
    let asked = 0;
    let next = 0;
    let pending: { readonly chunk: ActionChunk; readonly positions: Float64Array; readonly due: number } | undefined;
    for (let cycle = 0; cycle * planningStep < duration; cycle++) {
      const time = cycle * planningStep;
      planner.commanded(arm, pose);
      if (pending !== undefined && time >= pending.due) {
        const { chunk, positions } = pending;
        pending = undefined;
        const taken = this.#take(decoder, chunk, positions, takeover, time);
        if (taken === undefined) replay.dropped++;
        else {
          planner.follow(taken);
          replay.takeovers.push(cycle);
        }
      }
      if (pending === undefined && time >= next) {
        // Where the recording ends, so does the replay: its last chunk starts nowhere but there.
        if (place === chunks.length - 1) break;
        place = nearest(chunks, pose, place);
        const { actions, dt } = chunks[place]!;
        const chunk = decodeActions(actions, { stamp: time, dt, arm, anchor: pose.slice() });
        pending = {
          chunk,
          positions: planner.trajectory.position.slice(0, robot.names.length),
          due: time + latency(asked++),
        };
        next = time + period;
      }
      if (planner.chunksDone) planner.hold();
      const { position } = planner.plan(time);
      replay.joints.push(Float64Array.from(armJoints, (joint) => position[joint]!));
      replay.hand.push(pose.slice(0, 3));
    }
    return replay;
  }

  #take(
    decoder: ActionDecoder,
    chunk: ActionChunk,
    positions: Float64Array,
    takeover: Takeover,
    now: number,
  ): ActionChunk | undefined {
    if (takeover === 'blended') return decoder.decode(chunk, positions, now);
    const taken = takeover === 'restarted' ? { ...chunk, stamp: now } : chunk;
    return chunkEnd(taken) <= now ? undefined : taken;
  }
}

/** @returns the recorded chunk, after the last one, whose hand was nearest; the last one where there is no other */
function nearest(chunks: readonly RecordedChunk[], hand: Float64Array, last: number): number {
  let best = Math.min(last + 1, chunks.length - 1);
  const distance = (k: number) => Math.hypot(...[0, 1, 2].map((i) => chunks[k]!.anchor[i]! - hand[i]!));
  for (let k = best; k < Math.min(best + WINDOW, chunks.length); k++) if (distance(k) < distance(best)) best = k;
  return best;
}
