import { resolve } from 'node:path';
import { loadTask } from '../../src/sim/scene.js';

export const TASK_FILE = resolve('config/scenes/pick_and_place.yaml');
export const task = loadTask(TASK_FILE);
