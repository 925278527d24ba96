import type { FoxgloveServer, Parameter } from '@foxglove/ws-protocol';
import { StatusLevel } from '../operator/foxglove.js';
import type { Permissions } from '../operator/permissions.js';
import type { ServiceRequest, ServiceType } from './messages.js';
import { reliable } from './qos.js';
import type { RosNode } from './ros-node.js';
import type { ServiceClient } from './service-client.js';

/** Time that a node has to answer, s. */
const PATIENCE = 2;
/** Requests of all clients that may wait. */
const MOST_WAITING = 16;

/** As in rcl_interfaces/msg/ParameterType. */
const Type = {
  boolean: 1,
  integer: 2,
  double: 3,
  string: 4,
  bytes: 5,
  booleans: 6,
  integers: 7,
  doubles: 8,
  strings: 9,
};

interface RosValue {
  readonly type: number;
  readonly bool_value?: boolean;
  readonly integer_value?: bigint;
  readonly double_value?: number;
  readonly string_value?: string;
  readonly bool_array_value?: ArrayLike<boolean>;
  readonly integer_array_value?: ArrayLike<bigint>;
  readonly double_array_value?: ArrayLike<number>;
  readonly string_array_value?: readonly string[];
}

interface RosParameter {
  readonly name: string;
  readonly value: RosValue;
}

type Connection = Parameters<FoxgloveServer['sendStatus']>[1];

/**
 * Tells clients of the data protocol the parameters of all nodes, as `/NODE.PARAMETER`, and sets those that are allowed.
 * One request after the other: to ask every node takes a while.
 */
export class BridgeParameters {
  readonly #node: RosNode;
  readonly #permissions: () => Permissions;
  #waiting = 0;
  #last: Promise<void> = Promise.resolve();

  constructor(node: RosNode, data: FoxgloveServer, permissions: () => Permissions) {
    this.#node = node;
    this.#permissions = permissions;
    const serve = (connection: Connection, action: () => Promise<void>) => {
      if (this.#waiting >= MOST_WAITING) return;
      this.#waiting++;
      this.#last = this.#last.then(action).then(
        () => {
          this.#waiting--;
        },
        (error: Error) => {
          this.#waiting--;
          data.sendStatus({ level: StatusLevel.ERROR, message: error.message }, connection);
        },
      );
    };
    data.on('getParameters', ({ parameterNames, id }, connection) =>
      serve(connection, async () => data.publishParameterValues(await this.#get(parameterNames), id, connection)),
    );
    this.#tellChanges(data);
    data.on('setParameters', ({ parameters, id }, connection) =>
      serve(connection, async () => {
        await this.#set(parameters);
        const names = parameters.map(({ name }) => name);
        data.publishParameterValues(await this.#get(names), id, connection);
      }),
    );
  }

  /** Hears what nodes say of their parameters while a client wants to know. */
  #tellChanges(data: FoxgloveServer): void {
    const wanted = new Set<string>();
    let end: (() => void) | undefined;
    const hear = () => {
      const scope = this.#node.beginScope();
      this.#node.createSubscription(
        'rcl_interfaces/msg/ParameterEvent',
        '/parameter_events',
        reliable(100),
        (event) => {
          const changed = [...event.new_parameters, ...event.changed_parameters] as readonly RosParameter[];
          const values = changed.flatMap(({ name, value }) => toParameter(`${event.node}.${name}`, value) ?? []);
          const news = values.filter(({ name }) => wanted.has(name));
          if (news.length > 0) data.updateParameterValues(news);
        },
      );
      end = scope.end();
    };
    data.on('subscribeParameterUpdates', (names) => {
      for (const name of names) wanted.add(name);
      if (end === undefined) hear();
    });
    data.on('unsubscribeParameterUpdates', (names) => {
      for (const name of names) wanted.delete(name);
      if (wanted.size > 0) return;
      end?.();
      end = undefined;
    });
  }

  /** @param wanted their names; none: all */
  async #get(wanted: readonly string[]): Promise<Parameter[]> {
    const nodes = this.#node.native
      .getNodeNamesAndNamespaces()
      .map(({ name, namespace }) => `${namespace.replace(/\/$/, '')}/${name}`)
      .filter((node) => wanted.length === 0 || wanted.some((name) => name.startsWith(`${node}.`)));
    const found = await Promise.all([...new Set(nodes)].map((node) => this.#getOf(node, wanted).catch(() => [])));
    return found.flat();
  }

  async #getOf(node: string, wanted: readonly string[]): Promise<Parameter[]> {
    const prefix = `${node}.`;
    let names = wanted.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
    if (wanted.length === 0) {
      const { result } = await this.#call('rcl_interfaces/srv/ListParameters', `${node}/list_parameters`, {
        prefixes: [],
        depth: 0n,
      });
      names = result.names;
    }
    const { values } = await this.#call('rcl_interfaces/srv/GetParameters', `${node}/get_parameters`, { names });
    return (values as readonly RosValue[]).flatMap((value, i) => toParameter(`${prefix}${names[i]}`, value) ?? []);
  }

  /** @throws Error for one that is not allowed, not there or not accepted by its node */
  async #set(parameters: readonly Parameter[]): Promise<void> {
    for (const { name, value } of parameters) {
      this.#permissions().demand(name);
      const at = name.indexOf('.');
      const [node, parameter] = [name.slice(0, at), name.slice(at + 1)];
      const { values } = await this.#call('rcl_interfaces/srv/GetParameters', `${node}/get_parameters`, {
        names: [parameter],
      });
      const type = values[0]?.type ?? 0;
      const { results } = await this.#call('rcl_interfaces/srv/SetParameters', `${node}/set_parameters`, {
        parameters: [{ name: parameter, value: fromValue(name, type, value) }],
      } as ServiceRequest<'rcl_interfaces/srv/SetParameters'>);
      if (results[0]?.successful !== true) throw new Error(`${name}: ${results[0]?.reason ?? 'not set'}`);
    }
  }

  /** With a client of its own, which goes afterwards: nodes come and go. */
  async #call<T extends ServiceType>(type: T, name: string, request: ServiceRequest<T>) {
    const scope = this.#node.beginScope();
    const client: ServiceClient<T> = this.#node.createClient(type, name);
    const end = scope.end();
    try {
      return await client.call(request, PATIENCE);
    } finally {
      end();
    }
  }
}

/** @returns undefined for a parameter that has no value, or one that JSON has no words for */
function toParameter(name: string, value: RosValue): Parameter | undefined {
  switch (value.type) {
    case Type.boolean:
      return { name, value: value.bool_value };
    case Type.integer:
      return { name, value: Number(value.integer_value) };
    case Type.double:
      return { name, value: value.double_value, type: 'float64' };
    case Type.string:
      return { name, value: value.string_value };
    case Type.booleans:
      return { name, value: Array.from(value.bool_array_value ?? []) };
    case Type.integers:
      return { name, value: Array.from(value.integer_array_value ?? [], Number) };
    case Type.doubles:
      return { name, value: Array.from(value.double_array_value ?? []), type: 'float64_array' };
    case Type.strings:
      return { name, value: [...(value.string_array_value ?? [])] };
    default:
      return undefined;
  }
}

/** @throws Error for a value of another type */
function fromValue(name: string, type: number, value: Parameter['value']): Partial<RosValue> {
  const isNumber = (item: unknown) => typeof item === 'number' && Number.isFinite(item);
  const are = (items: unknown, fits: (item: unknown) => boolean) => Array.isArray(items) && items.every(fits);
  if (type === Type.boolean && typeof value === 'boolean') return { type, bool_value: value };
  if (type === Type.integer && Number.isSafeInteger(value)) return { type, integer_value: BigInt(value as number) };
  if (type === Type.double && isNumber(value)) return { type, double_value: value as number };
  if (type === Type.string && typeof value === 'string') return { type, string_value: value };
  if (type === Type.doubles && are(value, isNumber)) return { type, double_array_value: value as number[] };
  if (type === Type.strings && are(value, (item) => typeof item === 'string')) {
    return { type, string_array_value: value as string[] };
  }
  const what = Object.entries(Type).find(([, number]) => number === type)?.[0];
  throw new Error(what === undefined ? `there is no parameter ${name}` : `${name} needs a value of type ${what}`);
}
