import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parse } from '@foxglove/rosmsg';

/** A message type and those nested in it, parsed; the first one is the type itself. */
export type MessageDefinitions = ReturnType<typeof parse>;

const cache = new Map<string, MessageDefinitions>();

/**
 * Reads the definition of a message type, and of those it contains, from the ament index.
 * @param type e.g. 'sensor_msgs/msg/Image'
 * @throws Error naming the type and where it was looked for
 */
export function readMessageDefinition(type: string): MessageDefinitions {
  const known = cache.get(type);
  if (known !== undefined) return known;
  const texts = new Map<string, string>();
  collect(type, texts);
  const definitions = parse(joinTexts(texts), { ros2: true });
  cache.set(type, definitions);
  return definitions;
}

/** In the form that bag files use: the type itself, then each nested one under its name. */
function joinTexts(texts: ReadonlyMap<string, string>): string {
  const separator = `\n${'='.repeat(80)}\n`;
  return [...texts].map(([type, text], i) => (i === 0 ? text : `MSG: ${shortName(type)}\n${text}`)).join(separator);
}

/** Reads `type` and what it refers to, depth first, each once. */
function collect(type: string, texts: Map<string, string>): void {
  if (texts.has(type)) return;
  const [packageName, , name] = type.split('/');
  if (packageName === undefined || name === undefined) {
    throw new Error(`message type "${type}" is not of the form package/msg/Name`);
  }
  const text = readDefinitionFile(packageName, name, type);
  texts.set(type, text);
  const [definition] = parse(text, { ros2: true, skipTypeFixup: true });
  for (const field of definition?.definitions ?? []) {
    if (field.isComplex !== true) continue;
    const parts = field.type.split('/');
    collect(parts.length === 1 ? `${packageName}/msg/${parts[0]}` : `${parts[0]}/msg/${parts.at(-1)}`, texts);
  }
}

function readDefinitionFile(packageName: string, name: string, type: string): string {
  const prefixes = (process.env.AMENT_PREFIX_PATH ?? '').split(delimiter).filter((prefix) => prefix !== '');
  for (const prefix of prefixes) {
    try {
      return readFileSync(join(prefix, 'share', packageName, 'msg', `${name}.msg`), 'utf8');
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
    }
  }
  const where = prefixes.length === 0 ? 'AMENT_PREFIX_PATH is empty: source setup.bash first' : prefixes.join(', ');
  throw new Error(`message type "${type}" is not installed (looked in ${where})`);
}

function shortName(type: string): string {
  return type.replace('/msg/', '/');
}
