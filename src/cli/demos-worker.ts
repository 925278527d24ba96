import { parentPort, workerData } from 'node:worker_threads';
import { Demonstrator, type DemonstratorOptions } from '../evaluation/demonstrator.js';
import { Robot } from '../robot/robot.js';
import { loadTask } from '../sim/scene.js';

/** Worker of `npm run demos`: answers a seed with its episode. */
const { robot, task, options } = workerData as { robot: string; task: string; options: DemonstratorOptions };
const demonstrator = await Demonstrator.create(Robot.load(robot), loadTask(task), options);

parentPort!.on('message', async (seed: number) => {
  parentPort!.postMessage(await demonstrator.run(seed));
});
