import { OnnxBackend } from '../src/cosmos/onnx-backend.js';
import { defaultPolicyAgent, PolicyAgent } from '../src/evaluation/policy-agent.js';
import { Rollout } from '../src/evaluation/rollout.js';
import { Random } from '../src/math/random.js';
import { planningStep } from '../src/planning/motion-planner.js';
import { Robot } from '../src/robot/robot.js';
import { packagePath } from '../src/ros/package-path.js';
import { createLayout } from '../src/sim/layout.js';
import { loadTask } from '../src/sim/scene.js';
import { ChunkReplay, type RecordedChunk, RecordingAgent, type Replay, type Takeover } from './chunk-replay.js';

const SEEDS = Array.from({ length: 16 }, (_, i) => 400000 + i);
/** Of each replay, s. */
const DURATION = 10;
const PERIOD = 0.2;
/** How long after a takeover counts as its boundary, s. */
const BOUNDARY = 0.1;

/** Latency of question i, s. */
const LATENCIES: Readonly<Record<string, (random: Random) => number>> = {
  '50ms': () => 0.05,
  '300ms': () => 0.3,
  '800ms': () => 0.8,
  jitter: (random) => random.uniform(0.05, 0.9),
  '1200ms': () => 1.2,
};

/**
 * Real-time chunking: chunks that the policy predicted in simulated episodes come again with another latency, and the
 * planner follows them. The jerk of the arm's joints (norm over seven, rad/s³) just after a chunk took over, beside that
 * within chunks; the farthest that the hand moves in a cycle of the planner, and how far in all. Beside chunks that are switched to
 * without a blend, and those that are carried out from their first waypoint whenever they arrive.
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const task = loadTask(packagePath('config/scenes/pick_and_place.yaml'));
  const episodes = await record(robot, task);
  const replay = await ChunkReplay.create(robot, robot.posture(task.scene.robot.posture));
  const figures: Record<string, number> = {};
  const ratios: Record<string, number> = {};
  for (const [name, latency] of Object.entries(LATENCIES)) {
    for (const takeover of ['blended', 'switched', 'restarted'] as const) {
      const key = takeover === 'blended' ? name : `${name}_${takeover}`;
      Object.assign(figures, prefixed(key, measure(replay, episodes, takeover, latency)));
    }
    const boundary = figures[`${name}_jerk_boundary`]!;
    if (boundary === 0) continue;
    ratios[`${name}_boundary_over_inside`] = boundary / figures[`${name}_jerk_inside`]!;
    for (const peer of ['switched', 'restarted']) {
      ratios[`${name}_boundary_${peer}_over_ours`] = figures[`${name}_${peer}_jerk_boundary`]! / boundary;
    }
  }
  return { figures, ratios };
}

async function record(robot: Robot, task: ReturnType<typeof loadTask>): Promise<RecordedChunk[][]> {
  const rollout = await Rollout.create(robot, task);
  const backend = new OnnxBackend(packagePath('models/cosmos3_micro'), robot.names, 1);
  await backend.load();
  const episodes: RecordedChunk[][] = [];
  for (const seed of SEEDS) {
    const agent = new RecordingAgent(
      await PolicyAgent.create(rollout, backend, { ...defaultPolicyAgent, period: 0.1 }),
    );
    await rollout.run(agent, createLayout(task, seed));
    episodes.push(agent.chunks);
  }
  await backend.dispose();
  return episodes;
}

function measure(
  replay: ChunkReplay,
  episodes: readonly RecordedChunk[][],
  takeover: Takeover,
  latency: (random: Random) => number,
): Record<string, number> {
  const worst = { jerk_boundary: 0, jerk_inside: 0, step_mm: 0, travelled_m: 0, dropped: 0, taken: 0 };
  for (const [i, chunks] of episodes.entries()) {
    const random = new Random(i);
    const result = replay.run(chunks, takeover, PERIOD, () => latency(random), DURATION);
    const { boundary, inside } = jerks(result);
    worst.jerk_boundary = Math.max(worst.jerk_boundary, boundary);
    worst.jerk_inside = Math.max(worst.jerk_inside, inside);
    const steps = result.hand.slice(1).map((p, k) => Math.hypot(...[0, 1, 2].map((a) => p[a]! - result.hand[k]![a]!)));
    worst.step_mm = Math.max(worst.step_mm, ...steps.map((step) => 1000 * step));
    worst.travelled_m += steps.reduce((sum, step) => sum + step, 0);
    worst.dropped += result.dropped;
    worst.taken += result.takeovers.length;
  }
  return worst;
}

/** Largest jerk within BOUNDARY of a takeover, and elsewhere; third differences of what is commanded, rad/s³. */
function jerks({ joints, takeovers }: Replay): { boundary: number; inside: number } {
  const window = Math.round(BOUNDARY / planningStep);
  const near = new Uint8Array(joints.length);
  for (const cycle of takeovers) near.fill(1, cycle, cycle + window);
  let boundary = 0;
  let inside = 0;
  for (let k = 3; k < joints.length; k++) {
    const third = (j: number) => joints[k]![j]! - 3 * joints[k - 1]![j]! + 3 * joints[k - 2]![j]! - joints[k - 3]![j]!;
    const jerk = Math.hypot(...joints[k]!.map((_, j) => third(j))) / planningStep ** 3;
    if (near[k] === 1) boundary = Math.max(boundary, jerk);
    else inside = Math.max(inside, jerk);
  }
  return { boundary, inside };
}

function prefixed(prefix: string, values: Record<string, number>): Record<string, number> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}_${name}`, value]));
}
