import { splitCommandLine } from './command-line.js';
import { ElementReader } from './element-reader.js';
import { findPackageExecutable } from './package-index.js';
import type { ProcessDescription } from './process-description.js';
import { formatParameterValue, formatRosArguments, type ParameterArgument } from './ros-arguments.js';
import type { Scope } from './scope.js';
import type { XmlElement } from './xml-element.js';

const CONDITIONS = ['if', 'unless'];
const PROCESS_ATTRIBUTES = [
  ...CONDITIONS,
  'name',
  'cwd',
  'output',
  'respawn',
  'respawn_delay',
  'on_exit',
  'sigterm_timeout',
  'sigkill_timeout',
];
const NODE_ATTRIBUTES = [...PROCESS_ATTRIBUTES, 'pkg', 'exec', 'namespace', 'args', 'ros_args'];

/** Resolves a `<node>`. @throws LaunchError */
export function readNode(element: XmlElement, scope: Scope): ProcessDescription {
  const reader = new ElementReader(element, scope, NODE_ATTRIBUTES);
  const executable = reader.required('exec');
  const name = reader.optional('name');
  const ownNamespace = reader.optional('namespace');
  const namespace = scope.resolveNamespace(ownNamespace ?? '');
  const parameters: ParameterArgument[] = [];
  const remappings: { from: string; to: string }[] = [];
  for (const child of reader.children(['param', 'remap', 'env'])) {
    if (child.name === 'param') parameters.push(readParameter(child, scope));
    else if (child.name === 'remap') {
      const remap = new ElementReader(child, scope, ['from', 'to']);
      remappings.push({ from: remap.required('from'), to: remap.required('to') });
    }
  }
  const rosArguments = formatRosArguments({
    name,
    namespace: namespace === '' ? (ownNamespace === undefined ? undefined : '/') : namespace,
    remappings,
    parameters,
    further: reader.attempt(() => splitCommandLine(reader.optional('ros_args') ?? '')),
  });
  const pkg = reader.required('pkg');
  return {
    ...readCommon(reader, element, scope),
    name: `${namespace}/${name ?? executable}`.slice(1),
    command: reader.attempt(() => findPackageExecutable(pkg, executable, scope.environment)),
    arguments: [...reader.attempt(() => splitCommandLine(reader.optional('args') ?? '')), ...rosArguments],
  };
}

/** Resolves an `<executable>`. @throws LaunchError */
export function readExecutable(element: XmlElement, scope: Scope): ProcessDescription {
  const reader = new ElementReader(element, scope, [...PROCESS_ATTRIBUTES, 'cmd']);
  reader.children(['env']);
  const [command, ...rest] = reader.attempt(() => splitCommandLine(reader.required('cmd')));
  if (command === undefined) return reader.fail('cmd is empty');
  return {
    ...readCommon(reader, element, scope),
    name: reader.optional('name') ?? command.replace(/.*\//, ''),
    command,
    arguments: rest,
  };
}

type Common = Omit<ProcessDescription, 'name' | 'command' | 'arguments'>;

function readCommon(reader: ElementReader, element: XmlElement, scope: Scope): Common {
  const environment = { ...scope.environment };
  for (const child of element.children.filter(({ name }) => name === 'env')) {
    const variable = new ElementReader(child, scope, ['name', 'value']);
    environment[variable.required('name')] = variable.required('value');
  }
  const output = reader.optional('output') ?? 'log';
  if (!['screen', 'both', 'log'].includes(output)) reader.fail(`output="${output}" is none of screen, both, log`);
  const onExit = reader.optional('on_exit');
  if (onExit !== undefined && onExit !== 'shutdown') reader.fail(`on_exit="${onExit}" can only be "shutdown"`);
  return {
    environment,
    directory: reader.optional('cwd'),
    showOutput: output !== 'log',
    respawn: reader.boolean('respawn', false),
    respawnDelay: reader.seconds('respawn_delay', 0),
    required: onExit === 'shutdown',
    sigtermTimeout: reader.seconds('sigterm_timeout', 5),
    sigkillTimeout: reader.seconds('sigkill_timeout', 5),
  };
}

function readParameter(element: XmlElement, scope: Scope): ParameterArgument {
  const reader = new ElementReader(element, scope, ['name', 'value', 'type', 'from']);
  reader.children([]);
  const file = reader.optional('from');
  if (file !== undefined) return { file };
  const name = reader.required('name');
  const value = reader.required('value');
  return { name, value: reader.attempt(() => formatParameterValue(value, reader.optional('type'))) };
}
