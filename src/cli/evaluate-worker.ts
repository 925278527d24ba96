import { parentPort, workerData } from 'node:worker_threads';
import { type ActionHead, CPU_EXECUTION } from '../cosmos/execution.js';
import { OnnxBackend } from '../cosmos/onnx-backend.js';
import { ExpertAgent } from '../evaluation/expert-agent.js';
import { type Perturbation, PerturbedAgent } from '../evaluation/perturbation.js';
import { PolicyAgent, type PolicyAgentOptions } from '../evaluation/policy-agent.js';
import { type Agent, Rollout } from '../evaluation/rollout.js';
import { Robot } from '../robot/robot.js';
import { createLayout, type Phrasings } from '../sim/layout.js';
import { loadTask } from '../sim/scene.js';
import type { Support } from '../sim/support.js';

/** What a worker of `npm run evaluate` is to do. */
export interface EvaluationJob {
  readonly robot: string;
  readonly task: string;
  /** Directory of the model; without one the scripted expert acts. */
  readonly model: string | undefined;
  readonly head: ActionHead;
  /** Of the model; the card's first without one. */
  readonly variant: string | undefined;
  readonly support: Support;
  readonly phrasings: Phrasings;
  readonly perturbation: Perturbation | undefined;
  readonly options: PolicyAgentOptions;
}

/** Worker of `npm run evaluate`: answers a seed with the result of its episode. */
const { robot, task, model, head, variant, support, phrasings, perturbation, options } = workerData as EvaluationJob;
const scene = loadTask(task);
const rollout = await Rollout.create(Robot.load(robot), scene, { support });

async function createAgent(): Promise<Agent> {
  if (model === undefined) return new ExpertAgent(rollout, scene, false);
  const backend = new OnnxBackend(model, rollout.robot.names, 1, { ...CPU_EXECUTION, head, variant });
  await backend.load();
  return PolicyAgent.create(rollout, backend, options);
}

const plain = await createAgent();
const agent = perturbation === undefined ? plain : new PerturbedAgent(plain, scene, rollout, perturbation);

parentPort!.on('message', async (seed: number) => {
  parentPort!.postMessage(await rollout.run(agent, createLayout(scene, seed, undefined, phrasings)));
});
