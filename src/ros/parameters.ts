import rclnodejs from 'rclnodejs';
import { closest } from '../math/edit-distance.js';
import type { ParameterOverride } from './parameter-overrides.js';

interface Common {
  /** One sentence; with the unit. */
  readonly description: string;
  /** Whether it may be set while the node runs; if not, only at start. */
  readonly dynamic?: boolean;
}

interface Range {
  readonly minimum?: number;
  readonly maximum?: number;
}

/** Declaration of one parameter. Quantities are in SI units. */
export type ParameterDeclaration = Common &
  (
    | ({ readonly type: 'double'; readonly default: number } & Range)
    | ({ readonly type: 'integer'; readonly default: number } & Range)
    | { readonly type: 'boolean'; readonly default: boolean }
    | { readonly type: 'string'; readonly default: string; readonly choices?: readonly string[] }
    | ({ readonly type: 'double_array'; readonly default: readonly number[] } & Range)
    | { readonly type: 'string_array'; readonly default: readonly string[] }
  );

export type ParameterDeclarations = Readonly<Record<string, ParameterDeclaration>>;

interface ValueOf {
  double: number;
  integer: number;
  boolean: boolean;
  string: string;
  double_array: readonly number[];
  string_array: readonly string[];
}

/** The values of declared parameters; those of dynamic ones change. */
export type ParameterValues<P extends ParameterDeclarations> = { readonly [K in keyof P]: ValueOf[P[K]['type']] };

const TYPES: Readonly<Record<ParameterDeclaration['type'], rclnodejs.ParameterType>> = {
  boolean: rclnodejs.ParameterType.PARAMETER_BOOL,
  integer: rclnodejs.ParameterType.PARAMETER_INTEGER,
  double: rclnodejs.ParameterType.PARAMETER_DOUBLE,
  string: rclnodejs.ParameterType.PARAMETER_STRING,
  double_array: rclnodejs.ParameterType.PARAMETER_DOUBLE_ARRAY,
  string_array: rclnodejs.ParameterType.PARAMETER_STRING_ARRAY,
};

/** Overrides that rclnodejs or rcl look after. */
const FOREIGN = /^(use_sim_time|start_type_description_service|qos_overrides\..*)$/;

/**
 * Declares a node's parameters, with their descriptions and ranges, and gives them their values.
 * @returns the values, kept up to date
 * @throws Error with a line for each override that names no parameter or has a value that is not allowed
 */
export function declareParameters<P extends ParameterDeclarations>(
  node: rclnodejs.Node,
  declarations: P,
  overrides: ReadonlyMap<string, ParameterOverride>,
): ParameterValues<P> {
  const problems: string[] = [];
  for (const [name, { source, targeted }] of overrides) {
    if (!targeted || name in declarations || FOREIGN.test(name)) continue;
    const nearest = closest(name, Object.keys(declarations));
    const remedy = nearest === undefined ? 'it has none' : `did you mean "${nearest.text}"?`;
    problems.push(`${source}: ${node.name()} has no parameter "${name}"; ${remedy}`);
  }

  const values: Record<string, unknown> = {};
  for (const [name, declaration] of Object.entries(declarations)) {
    const override = overrides.get(name);
    let value: unknown = declaration.default;
    if (override !== undefined) {
      const problem = complaint(declaration, override.value);
      if (problem === undefined) value = override.value;
      else problems.push(`${override.source}: ${name}: ${JSON.stringify(override.value)}: ${problem}`);
    }
    values[name] = value;
    node.declareParameter(parameter(name, declaration, value), new RangeDescriptor(name, declaration), true);
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));

  const simTime = overrides.get('use_sim_time');
  if (simTime !== undefined) {
    node.setParameter(new rclnodejs.Parameter('use_sim_time', TYPES.boolean, simTime.value === true));
  }
  node.addOnSetParametersCallback((parameters) => accept(declarations, values, parameters));
  return values as ParameterValues<P>;
}

function accept(
  declarations: ParameterDeclarations,
  values: Record<string, unknown>,
  parameters: rclnodejs.Parameter[],
): rclnodejs.rcl_interfaces.msg.SetParametersResult {
  for (const { name, value } of parameters) {
    const declaration = declarations[name];
    const problem = declaration === undefined ? undefined : complaint(declaration, plain(value));
    if (problem !== undefined) return { successful: false, reason: `${name}: ${problem}` };
  }
  for (const { name, value } of parameters) if (name in declarations) values[name] = plain(value);
  return { successful: true, reason: '' };
}

function plain(value: unknown): unknown {
  return typeof value === 'bigint' ? Number(value) : value;
}

/** What is wrong with a value, or undefined. */
function complaint(declaration: ParameterDeclaration, value: unknown): string | undefined {
  const { type } = declaration;
  const isNumber = (item: unknown): item is number => typeof item === 'number' && !Number.isNaN(item);
  const isString = (item: unknown): item is string => typeof item === 'string';
  const fits: Readonly<Record<typeof type, (value: unknown) => boolean>> = {
    boolean: (item) => typeof item === 'boolean',
    integer: Number.isInteger,
    double: isNumber,
    string: isString,
    double_array: (items) => Array.isArray(items) && items.every(isNumber),
    string_array: (items) => Array.isArray(items) && items.every(isString),
  };
  if (!fits[type](value)) return `needs ${article(type.replace('_array', ' list'))}`;
  if (declaration.type === 'string' && declaration.choices?.includes(value as string) === false) {
    return `needs one of ${declaration.choices.join(', ')}`;
  }
  if ('minimum' in declaration || 'maximum' in declaration) {
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = declaration;
    const outside = (item: number): boolean => item < minimum || item > maximum;
    if ([value].flat().some((item) => outside(item as number))) return `needs ${rangeText(minimum, maximum)}`;
  }
  return undefined;
}

function article(noun: string): string {
  return `${/^[aeiou]/.test(noun) ? 'an' : 'a'} ${noun}`;
}

function rangeText(minimum: number, maximum: number): string {
  if (maximum === Number.POSITIVE_INFINITY) return `at least ${minimum}`;
  if (minimum === Number.NEGATIVE_INFINITY) return `at most ${maximum}`;
  return `${minimum} to ${maximum}`;
}

function parameter(name: string, { type }: ParameterDeclaration, value: unknown): rclnodejs.Parameter {
  return new rclnodejs.Parameter(name, TYPES[type], type === 'integer' ? BigInt(value as number) : value);
}

/** A descriptor that tells its range, which rclnodejs' own leaves out of the message; the range is checked above. */
class RangeDescriptor extends rclnodejs.ParameterDescriptor {
  readonly #range: Record<string, unknown>;

  constructor(name: string, declaration: ParameterDeclaration) {
    super(name, TYPES[declaration.type], declaration.description, declaration.dynamic !== true);
    this.#range = rangeFields(declaration);
    if (declaration.type === 'string' && declaration.choices !== undefined) {
      this.additionalConstraints = `one of ${declaration.choices.join(', ')}`;
    }
  }

  /** Overrides what rclnodejs calls for the service ~/describe_parameters. */
  override toMessage(): rclnodejs.rcl_interfaces.msg.ParameterDescriptor {
    return Object.assign(super.toMessage(), this.#range);
  }
}

function rangeFields(declaration: ParameterDeclaration): Record<string, unknown> {
  if (!('minimum' in declaration || 'maximum' in declaration)) return {};
  const integer = declaration.type === 'integer';
  const limit = integer ? Number.MAX_SAFE_INTEGER : Number.MAX_VALUE;
  const { minimum = -limit, maximum = limit } = declaration;
  if (integer) return { integer_range: [{ from_value: BigInt(minimum), to_value: BigInt(maximum), step: 1n }] };
  return { floating_point_range: [{ from_value: minimum, to_value: maximum, step: 0 }] };
}
