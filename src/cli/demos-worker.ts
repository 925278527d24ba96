import { parentPort, workerData } from 'node:worker_threads';
import { CPU_EXECUTION } from '../cosmos/execution.js';
import { OnnxBackend } from '../cosmos/onnx-backend.js';
import { Demonstrator, type DemonstratorOptions } from '../evaluation/demonstrator.js';
import { Robot } from '../robot/robot.js';
import { loadTask } from '../sim/scene.js';

/** What a worker of `npm run demos` is to do. */
export interface DemonstrationJob {
  readonly robot: string;
  readonly task: string;
  readonly options: DemonstratorOptions;
  /** Directory of the model that acts in turns with the expert. */
  readonly policy: string | undefined;
}

/** Worker of `npm run demos`: answers a seed with its episode. */
const job = workerData as DemonstrationJob;
const robot = Robot.load(job.robot);
const backend = job.policy === undefined ? undefined : new OnnxBackend(job.policy, robot.names, 1, CPU_EXECUTION);
await backend?.load();
const demonstrator = await Demonstrator.create(robot, loadTask(job.task), job.options, backend);

parentPort!.on('message', async (seed: number) => {
  parentPort!.postMessage(await demonstrator.run(seed));
});
