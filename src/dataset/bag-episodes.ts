import type { Arm } from '../action/action-chunk.js';
import { readBag, summariseBag } from '../recorder/bag-reader.js';
import type { Robot } from '../robot/robot.js';
import { type BagEpisode, EpisodeReader, Topic } from './episode-reader.js';

/** Topics without which there is no training data, and what they tell. */
const NEEDED = {
  [Topic.instruction]: 'what the robot was told',
  [Topic.observation]: 'what it saw and felt',
  [Topic.command]: 'what its hands were told to do',
} as const;

/**
 * Cuts a bag into episodes, one for each instruction, and makes of each what a demonstration consists of: every 0.1 s
 * the head camera and the robot's own posture, and as action the motion that was commanded over the following second.
 * @param path a bag, as for `readBag`
 * @param arm whose motion is learned
 * @throws Error that names the topics that are missing, or what is wrong with the bag
 */
export async function* readEpisodes(path: string, robot: Robot, arm: Arm): AsyncGenerator<BagEpisode> {
  const topics = (await summariseBag(path)).topics.filter(({ unreadable }) => unreadable === '');
  const namespace = findNamespace(topics.map(({ name }) => name));
  /** Relative to the namespace; '' for a topic of another one. */
  const relative = (name: string) => (name.startsWith(namespace) ? name.slice(namespace.length) : '');
  const names = new Set(topics.map(({ name }) => relative(name)));
  const missing = Object.entries(NEEDED).filter(([name]) => !names.has(name));
  if (missing.length > 0) {
    const list = missing.map(([name, about]) => `${namespace}${name} (${about})`).join(', ');
    throw new Error(`${path} lacks ${list}: record these topics too`);
  }
  const reader = new EpisodeReader(
    robot,
    arm,
    names.has(Topic.truth) ? 'simulation' : names.has(Topic.estimate) ? 'policy' : 'none',
  );
  try {
    for await (const message of readBag(path)) {
      if (message.topic.unreadable !== '') continue;
      yield* reader.finished(Number(message.time) * 1e-9);
      reader.take(relative(message.topic.name), message);
    }
    yield* reader.finished(Number.POSITIVE_INFINITY);
  } finally {
    reader.delete();
  }
}

/** The part of the names before 'camera_fusion/observation', or '/'. */
function findNamespace(names: readonly string[]): string {
  return names.find((name) => name.endsWith(`/${Topic.observation}`))?.slice(0, -Topic.observation.length) ?? '/';
}
