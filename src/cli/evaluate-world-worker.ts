import { parentPort, workerData } from 'node:worker_threads';
import { type ActionHead, CPU_EXECUTION } from '../cosmos/execution.js';
import { OnnxBackend } from '../cosmos/onnx-backend.js';
import { STEP_PERIOD } from '../dataset/episode-reader.js';
import { ExpertAgent } from '../evaluation/expert-agent.js';
import { PolicyAgent, type PolicyAgentOptions } from '../evaluation/policy-agent.js';
import { Rollout } from '../evaluation/rollout.js';
import { WorldRecorder } from '../evaluation/world-recorder.js';
import type { JudgedEpisode } from '../evaluation/world-score.js';
import { judgeEpisode } from '../evaluation/world-trial.js';
import { Robot } from '../robot/robot.js';
import { createLayout, type Phrasings } from '../sim/layout.js';
import { loadTask } from '../sim/scene.js';

/** What a worker of `npm run evaluate -- --world` is to do. */
export interface WorldJob {
  readonly robot: string;
  readonly task: string;
  /** Directory of the model that is judged. */
  readonly model: string;
  readonly head: ActionHead;
  readonly variant: string | undefined;
  readonly phrasings: Phrasings;
  /** Who acts meanwhile. */
  readonly agent: 'expert' | 'policy';
  readonly options: PolicyAgentOptions;
}

/** Worker of `npm run evaluate -- --world`: answers a seed with what its episode says of the world model. */
const { robot, task, model, head, variant, phrasings, agent, options } = workerData as WorldJob;
const scene = loadTask(task);
const rollout = await Rollout.create(Robot.load(robot), scene);
const backend = new OnnxBackend(model, rollout.robot.names, 1, { ...CPU_EXECUTION, head, variant });
await backend.load();
const { dt } = backend.description;
// Inferences fall on records.
const period = Math.max(1, Math.round(options.period / dt)) * dt;
const acting =
  agent === 'expert'
    ? new ExpertAgent(rollout, scene, false)
    : await PolicyAgent.create(rollout, backend, { ...options, period });
// The expert moves as in the demonstrations, the policy as fast as its waypoints follow each other.
const recorder = await WorldRecorder.create(rollout, scene, acting, agent === 'expert' ? STEP_PERIOD : dt);
const session = backend.createSession();

parentPort!.on('message', async (seed: number) => {
  const layout = createLayout(scene, seed, undefined, phrasings);
  const { success } = await rollout.run(recorder, layout);
  const trial = await judgeEpisode(session, recorder.records, layout.text, dt);
  parentPort!.postMessage({ seed, success, trial } satisfies JudgedEpisode);
});
