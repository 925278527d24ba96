/** What a ROS node is told on its command line. */
export interface RosArguments {
  /** Name that replaces the node's own. */
  readonly name: string | undefined;
  /** Namespace, absolute; the node's own where undefined. */
  readonly namespace: string | undefined;
  readonly remappings: readonly { readonly from: string; readonly to: string }[];
  /** Parameters and parameter files in order; later ones win. */
  readonly parameters: readonly ParameterArgument[];
  /** Further arguments of ROS, such as `--log-level debug`. */
  readonly further: readonly string[];
}

/** A single parameter, its value written as YAML, or a file of parameters. */
export type ParameterArgument = { readonly name: string; readonly value: string } | { readonly file: string };

/** Writes the arguments as `rcl` reads them, `--ros-args` first; none when there is nothing to tell. */
export function formatRosArguments(options: RosArguments): string[] {
  const words = [...options.further];
  if (options.name !== undefined) words.push('-r', `__node:=${options.name}`);
  if (options.namespace !== undefined) words.push('-r', `__ns:=${options.namespace}`);
  for (const parameter of options.parameters) {
    if ('file' in parameter) words.push('--params-file', parameter.file);
    else words.push('-p', `${parameter.name}:=${parameter.value}`);
  }
  for (const { from, to } of options.remappings) words.push('-r', `${from}:=${to}`);
  return words.length > 0 ? ['--ros-args', ...words] : [];
}

/**
 * Writes a parameter's value as YAML. What looks like a number, a boolean or a list is one, the rest is a string.
 * @param type forces the type
 * @throws Error for a value that is not of that type
 */
export function formatParameterValue(value: string, type?: string): string {
  const isInteger = /^[-+]?\d+$/.test(value);
  const isNumber = isInteger || /^[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$|^[-+]?\.(inf|nan)$/i.test(value);
  const isBoolean = /^(true|false)$/i.test(value);
  const quoted = `'${value.replaceAll("'", "''")}'`;
  const expect = (holds: boolean) => {
    if (!holds) throw new Error(`'${value}' is no ${type}`);
    return value;
  };
  switch (type) {
    case undefined:
      return isNumber || isBoolean || /^\[.*\]$/s.test(value) ? value : quoted;
    case 'str':
      return quoted;
    case 'bool':
      return expect(isBoolean);
    case 'int':
      return expect(isInteger);
    case 'float':
      return isInteger ? `${value}.0` : expect(isNumber);
    default:
      throw new Error(`parameter type '${type}' is not supported by this launcher; it knows bool, float, int and str`);
  }
}
