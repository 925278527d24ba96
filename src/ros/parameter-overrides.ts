import { readFileSync } from 'node:fs';
import { isMap, isScalar, LineCounter, parse, parseDocument } from 'yaml';

/** A value for a parameter, given on the command line or in a file. */
export interface ParameterOverride {
  readonly value: unknown;
  /** Where it was given, for error messages: `file:line` or the argument. */
  readonly source: string;
  /** Whether it was meant for this node; false for those given to all nodes (`/**`), which need not fit. */
  readonly targeted: boolean;
}

/**
 * The parameters that the arguments of a process give a node: `--ros-args --params-file FILE`, `-p name:=value` and
 * `-p node:name:=value`, later ones winning. Nodes are named as in rcl: `node`, `/ns/node`, with `*` for one part and
 * `**` for any number of parts.
 *
 * rclnodejs reads these too, but takes notice of the bare name and of `/**` only.
 *
 * @param argv arguments of the process
 * @param node fully qualified name of the node, e.g. `/arm/planner`
 * @throws Error naming the file and line, or the argument, that can't be read
 */
export function parameterOverrides(argv: readonly string[], node: string): Map<string, ParameterOverride> {
  const overrides = new Map<string, ParameterOverride>();
  let ros = false;
  for (let i = 0; i < argv.length; i++) {
    const argument = argv[i];
    if (argument === '--ros-args') ros = true;
    else if (argument === '--') ros = false;
    else if (!ros) continue;
    else if (argument === '--params-file') readFile(argv[++i] ?? '', node, overrides);
    else if (argument === '-p' || argument === '--param') readRule(argv[++i] ?? '', node, overrides);
  }
  return overrides;
}

function readRule(rule: string, node: string, overrides: Map<string, ParameterOverride>): void {
  const match = /^(?:([^:=]+):)?([^:=]+):=(.*)$/s.exec(rule);
  const [, target, name, text] = match ?? [];
  if (name === undefined || text === undefined) {
    throw new Error(`-p ${rule}: is not of the form name:=value`);
  }
  if (target !== undefined && !matchesNode(target, node)) return;
  overrides.set(name, { value: parse(text), source: `-p ${rule}`, targeted: true });
}

function readFile(file: string, node: string, overrides: Map<string, ParameterOverride>): void {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (error) {
    throw new Error(`--params-file ${file}: cannot be read: ${(error as Error).message}`, { cause: error });
  }
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [failure] = document.errors;
  if (failure !== undefined) {
    throw new Error(`${file}:${lines.linePos(failure.pos[0]).line}: not valid YAML: ${failure.message}`);
  }

  const line = (key: unknown): number => (isScalar(key) && key.range ? lines.linePos(key.range[0]).line : 1);
  const readParameters = (map: unknown, prefix: string, targeted: boolean): void => {
    if (!isMap(map)) return;
    for (const { key, value } of map.items) {
      const name = `${prefix}${isScalar(key) ? String(key.value) : ''}`;
      if (isMap(value)) readParameters(value, `${name}.`, targeted);
      else {
        const plain = value === null ? undefined : (value as { toJS(d: typeof document): unknown }).toJS(document);
        overrides.set(name, { value: plain, source: `${file}:${line(key)}`, targeted });
      }
    }
  };
  const readNodes = (map: unknown, name: string): void => {
    if (!isMap(map)) return;
    for (const { key, value } of map.items) {
      const part = isScalar(key) ? String(key.value) : '';
      if (part !== 'ros__parameters') readNodes(value, `${name}/${part}`);
      else if (matchesNode(name, node)) readParameters(value, '', !/^\/*\*\*$/.test(name));
    }
  };
  readNodes(document.contents, '');
}

/** Whether a node's fully qualified name fits a pattern of names, `*` and `**`. */
function matchesNode(pattern: string, node: string): boolean {
  return matchesParts(split(pattern), split(node));
}

function split(name: string): string[] {
  return name.split('/').filter((part) => part !== '');
}

function matchesParts(pattern: readonly string[], parts: readonly string[]): boolean {
  const [first, ...rest] = pattern;
  if (first === undefined) return parts.length === 0;
  if (first === '**') return matchesParts(rest, parts) || (parts.length > 0 && matchesParts(pattern, parts.slice(1)));
  return parts.length > 0 && (first === '*' || first === parts[0]) && matchesParts(rest, parts.slice(1));
}
