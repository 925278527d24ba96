import { parentPort, workerData } from 'node:worker_threads';
import { Demonstrator } from '../evaluation/demonstrator.js';
import { Robot } from '../robot/robot.js';
import { loadTask } from '../sim/scene.js';

/** Worker of `npm run demos`: answers a seed with its episode. */
const { robot, task, disturbed } = workerData as { robot: string; task: string; disturbed: boolean };
const demonstrator = await Demonstrator.create(Robot.load(robot), loadTask(task), disturbed);

parentPort!.on('message', async (seed: number) => {
  parentPort!.postMessage(await demonstrator.run(seed));
});
