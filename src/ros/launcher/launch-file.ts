import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { closest } from '../../math/edit-distance.js';
import { ElementReader } from './element-reader.js';
import type { ProcessDescription } from './process-description.js';
import { readExecutable, readNode } from './read-process.js';
import { Scope } from './scope.js';
import { parseXml, type XmlElement } from './xml-element.js';

/** An argument that a launch file declares. */
export interface LaunchArgument {
  readonly name: string;
  /** Value when none is given; undefined where one must be given. */
  readonly default: string | undefined;
  readonly description: string;
}

/** A launch file with everything in it resolved. */
export interface LaunchDescription {
  readonly processes: readonly ProcessDescription[];
  /** Arguments of the file and of those it includes, in the order in which they are declared. */
  readonly arguments: readonly LaunchArgument[];
}

/** How to resolve a launch file. */
export interface LaunchOptions {
  /** Values of arguments. */
  readonly arguments?: Readonly<Record<string, string>>;
  /** Environment of the programs, and where packages are looked for; this process' one by default. */
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Reads an XML launch file as `ros2 launch` does (https://docs.ros.org/en/jazzy, "XML, YAML, and Python"): arg, let,
 * include, group, node, executable, set_env, unset_env and push_ros_namespace, with conditions and the substitutions
 * var, env, dirname, find-pkg-prefix and find-pkg-share.
 * @throws LaunchError naming file and line for anything that cannot be run
 */
export function readLaunchFile(file: string, options: LaunchOptions = {}): LaunchDescription {
  const given = options.arguments ?? {};
  const path = resolve(file);
  const interpreter = new Interpreter();
  const scope = new Scope(new Map(Object.entries(given)), { ...(options.environment ?? process.env) }, dirname(path));
  interpreter.runFile(path, scope);
  for (const name of Object.keys(given)) checkDeclared(name, interpreter.arguments, file);
  return { processes: withUniqueNames(interpreter.processes), arguments: [...interpreter.arguments.values()] };
}

type Action = (element: XmlElement, scope: Scope) => void;

class Interpreter {
  readonly processes: ProcessDescription[] = [];
  readonly arguments = new Map<string, LaunchArgument>();
  readonly #openFiles: string[] = [];

  readonly #actions: Readonly<Record<string, Action>> = {
    arg: (element, scope) => this.#declareArgument(element, scope),
    executable: (element, scope) => this.processes.push(readExecutable(element, scope)),
    group: (element, scope) => this.#runGroup(element, scope),
    include: (element, scope) => this.#include(element, scope),
    let: (element, scope) => {
      const reader = new ElementReader(element, scope, ['name', 'value', 'if', 'unless']);
      scope.configurations.set(reader.required('name'), reader.required('value'));
    },
    node: (element, scope) => this.processes.push(readNode(element, scope)),
    push_ros_namespace: (element, scope) => {
      const reader = new ElementReader(element, scope, ['namespace', 'if', 'unless']);
      scope.pushNamespace(reader.required('namespace'));
    },
    set_env: (element, scope) => {
      const reader = new ElementReader(element, scope, ['name', 'value', 'if', 'unless']);
      scope.environment[reader.required('name')] = reader.required('value');
    },
    unset_env: (element, scope) => {
      const reader = new ElementReader(element, scope, ['name', 'if', 'unless']);
      delete scope.environment[reader.required('name')];
    },
  };

  /** @param file absolute path */
  runFile(file: string, scope: Scope): void {
    if (this.#openFiles.includes(file)) throw new Error(`${file} includes itself`);
    const root = parseXml(readFileSync(file, 'utf8'), file);
    if (root.name !== 'launch') {
      new ElementReader(root, scope, []).fail(`the document is a <${root.name}>, expected a <launch>`);
    }
    this.#openFiles.push(file);
    this.#runChildren(root, scope);
    this.#openFiles.pop();
  }

  #runChildren(parent: XmlElement, scope: Scope): void {
    const children = new ElementReader(parent, scope, [...parent.attributes.keys()]).children(
      Object.keys(this.#actions),
    );
    for (const element of children) {
      if (isWanted(element, scope)) this.#actions[element.name]?.(element, scope);
    }
  }

  #declareArgument(element: XmlElement, scope: Scope): void {
    const reader = new ElementReader(element, scope, ['name', 'default', 'description', 'if', 'unless']);
    const name = reader.required('name');
    const fallback = reader.optional('default');
    if (!this.arguments.has(name)) {
      this.arguments.set(name, { name, default: fallback, description: reader.optional('description') ?? '' });
    }
    const value =
      scope.configurations.get(name) ?? fallback ?? reader.fail(`argument '${name}' is required: add ${name}:=VALUE`);
    const choices = reader
      .children(['choice'])
      .map((child) => new ElementReader(child, scope, ['value']).required('value'));
    if (choices.length > 0 && !choices.includes(value)) {
      reader.fail(`argument '${name}' is '${value}', expected one of ${choices.join(', ')}`);
    }
    scope.configurations.set(name, value);
  }

  #runGroup(element: XmlElement, scope: Scope): void {
    const scoped = new ElementReader(element, scope, ['scoped', 'if', 'unless']).boolean('scoped', true);
    this.#runChildren(element, scoped ? scope.fork() : scope);
  }

  #include(element: XmlElement, scope: Scope): void {
    const reader = new ElementReader(element, scope, ['file', 'if', 'unless']);
    for (const child of reader.children(['arg', 'let'])) {
      const argument = new ElementReader(child, scope, ['name', 'value']);
      scope.configurations.set(argument.required('name'), argument.required('value'));
    }
    const file = resolve(scope.directory, reader.required('file'));
    reader.attempt(() => this.runFile(file, scope.within(dirname(file))));
  }
}

function isWanted(element: XmlElement, scope: Scope): boolean {
  const reader = new ElementReader(element, scope, [...element.attributes.keys()]);
  return reader.boolean('if', true) && !reader.boolean('unless', false);
}

function checkDeclared(name: string, declared: ReadonlyMap<string, LaunchArgument>, file: string): void {
  if (declared.has(name)) return;
  const near = closest(name, declared.keys());
  const hint = near === undefined ? 'it takes none' : `did you mean '${near.text}'?`;
  throw new Error(`${file} has no argument '${name}'; ${hint}`);
}

/** Numbers programs of the same name, so that their output can be told apart. */
function withUniqueNames(processes: readonly ProcessDescription[]): ProcessDescription[] {
  const seen = new Map<string, number>();
  return processes.map((process) => {
    const count = (seen.get(process.name) ?? 0) + 1;
    seen.set(process.name, count);
    return count === 1 ? process : { ...process, name: `${process.name}-${count}` };
  });
}
