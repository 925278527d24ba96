import { readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { parse } from '@foxglove/rosmsg';

/** A message type and those nested in it, parsed; the first one is the type itself. */
export type MessageDefinitions = ReturnType<typeof parse>;

const cache = new Map<string, MessageDefinitions>();

/** Files of a type in the ament index, which lie in the folder of its kind. */
type Extension = 'msg' | 'srv' | 'json';

/**
 * Reads the definition of a message type, and of those it contains, from the ament index.
 * @param type e.g. 'sensor_msgs/msg/Image'
 * @throws Error naming the type and where it was looked for
 */
export function readMessageDefinition(type: string): MessageDefinitions {
  const known = cache.get(type);
  if (known !== undefined) return known;
  const definitions = parse(readMessageText(type), { ros2: true });
  cache.set(type, definitions);
  return definitions;
}

/**
 * The text of a message type's definition and of those it contains, in the form that bag files keep (ros2msg).
 * @param type as above
 * @throws Error as above
 */
export function readMessageText(type: string): string {
  const texts = new Map<string, string>();
  collect(type, texts);
  return joinTexts(texts);
}

/**
 * The texts of a service type's request and response, in the same form.
 * @param type e.g. 'std_srvs/srv/Trigger'
 * @throws Error as above
 */
export function readServiceTexts(type: string): { readonly request: string; readonly response: string } {
  const [packageName = '', , name = ''] = type.split('/');
  const parts = readIndexFile(packageName, name, 'srv', type).split(/^---.*$/m);
  const [request, response] = parts.map((text, i) => {
    const texts = new Map([[`${type}${i === 0 ? '_Request' : '_Response'}`, text.trim()]]);
    collectFields(text, packageName, texts);
    return joinTexts(texts);
  });
  return { request: request ?? '', response: response ?? '' };
}

/**
 * The hash of a message type (REP-2011), e.g. 'RIHS01_f49f…'.
 * @param type as above
 * @returns '' where the installation does not tell it
 */
export function readTypeHash(type: string): string {
  const [packageName = '', , name = ''] = type.split('/');
  try {
    const { type_hashes: hashes } = JSON.parse(readIndexFile(packageName, name, 'json', type)) as {
      readonly type_hashes?: readonly { readonly type_name: string; readonly hash_string: string }[];
    };
    return hashes?.find(({ type_name }) => type_name === type)?.hash_string ?? '';
  } catch {
    return '';
  }
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
  const text = readIndexFile(packageName, name, 'msg', type);
  texts.set(type, text);
  collectFields(text, packageName, texts);
}

/** Reads what the fields of a definition refer to. */
function collectFields(text: string, packageName: string, texts: Map<string, string>): void {
  const [definition] = parse(text, { ros2: true, skipTypeFixup: true });
  for (const field of definition?.definitions ?? []) {
    if (field.isComplex !== true) continue;
    const parts = field.type.split('/');
    collect(parts.length === 1 ? `${packageName}/msg/${parts[0]}` : `${parts[0]}/msg/${parts.at(-1)}`, texts);
  }
}

function readIndexFile(packageName: string, name: string, extension: Extension, type: string): string {
  const prefixes = (process.env.AMENT_PREFIX_PATH ?? '').split(delimiter).filter((prefix) => prefix !== '');
  for (const prefix of prefixes) {
    try {
      const folder = extension === 'srv' ? 'srv' : 'msg';
      return readFileSync(join(prefix, 'share', packageName, folder, `${name}.${extension}`), 'utf8');
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
