import { resolve } from 'node:path';
import { loadTask } from '../../src/sim/scene.js';

export const TASK_FILE = resolve('config/scenes/pick_and_place.yaml');
export const task = loadTask(TASK_FILE);

/** The one region of a body that has no choice of several. */
export function onlyRegion(name: string) {
  const regions = [task.layout.regions[name]!].flat();
  if (regions.length !== 1) throw new Error(`${name} has ${regions.length} regions`);
  return regions[0]!;
}
