import { parentPort, workerData } from 'node:worker_threads';
import { OnnxBackend } from '../cosmos/onnx-backend.js';
import { PolicyAgent, type PolicyAgentOptions } from '../evaluation/policy-agent.js';
import { Rollout } from '../evaluation/rollout.js';
import { Robot } from '../robot/robot.js';
import { createLayout } from '../sim/layout.js';
import { loadTask } from '../sim/scene.js';
import type { Support } from '../sim/scene-model.js';

/** Worker of `npm run evaluate`: answers a seed with the result of its episode. */
const { robot, task, model, support, options } = workerData as {
  robot: string;
  task: string;
  model: string;
  support: Support;
  options: PolicyAgentOptions;
};
const scene = loadTask(task);
const rollout = await Rollout.create(Robot.load(robot), scene, { support });
const backend = new OnnxBackend(model, rollout.robot.names, 1);
await backend.load();
const agent = await PolicyAgent.create(rollout, backend, options);

parentPort!.on('message', async (seed: number) => {
  parentPort!.postMessage(await rollout.run(agent, createLayout(scene, seed)));
});
