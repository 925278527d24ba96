import { readdirSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';
import { InferenceSession } from 'onnxruntime-node';
import { parse } from 'yaml';
import { networkFiles, readCard, readModelFile, readTokenizer } from '../../cosmos/model-card.js';
import { Robot } from '../../robot/robot.js';
import { packagePath } from '../../ros/package-path.js';
import { loadTask } from '../../sim/scene.js';
import { error, type Finding, ok, reasonOf } from './finding.js';

/** The model, the robot and the scenes. */
export async function checkModel(model = packagePath('models/cosmos3_micro')): Promise<Finding[]> {
  return [await checkFiles(model), checkRobot(), checkScenes()];
}

async function checkFiles(directory: string): Promise<Finding> {
  const name = `model ${basename(directory)}`;
  try {
    const card = readCard(directory);
    readTokenizer(directory, card);
    for (const variant of Object.keys(card.variants)) {
      for (const file of Object.values(networkFiles(directory, card, variant))) {
        const session = await InferenceSession.create(readModelFile(directory, card, file), { intraOpNumThreads: 1 });
        await session.release();
      }
    }
    return ok(name, `${card.id} ${card.version}: all files are those of its card, and load`);
  } catch (thrown) {
    return error(name, reasonOf(thrown), 'fetch models/ with git again, or export the model anew (training/README.md)');
  }
}

function checkRobot(): Finding {
  try {
    const robot = Robot.load(packagePath('config/robot.yaml'));
    return ok('robot', `${robot.names.length} joints, ${robot.cameras.length} cameras`);
  } catch (thrown) {
    return error('robot', reasonOf(thrown), 'correct config/robot.yaml, or fetch it with git again');
  }
}

function checkScenes(): Finding {
  const folder = packagePath('config/scenes');
  const problems: string[] = [];
  let tasks = 0;
  for (const name of readdirSync(folder).filter((file) => file.endsWith('.yaml'))) {
    const path = `${folder}/${name}`;
    try {
      // A file without this key is the scene of tasks, which is read with them.
      if (!('task' in parse(readFileSync(path, 'utf8')))) continue;
      loadTask(path);
      tasks++;
    } catch (thrown) {
      problems.push(reasonOf(thrown));
    }
  }
  if (problems.length > 0) return error('tasks', problems.join('; '), 'correct the file, or fetch it with git again');
  return ok('tasks', `${tasks} in ${folder}`);
}
