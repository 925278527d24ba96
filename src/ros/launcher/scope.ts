import type { SubstitutionContext } from './substitution.js';

/** Name of the configuration that keeps the pushed namespace, as in launch_ros. */
const NAMESPACE = 'ros_namespace';

/** What holds at a place in a launch file. A group has a scope of its own, an included file shares its includer's. */
export class Scope implements SubstitutionContext {
  readonly configurations: Map<string, string>;
  readonly environment: NodeJS.ProcessEnv;
  readonly directory: string;

  constructor(configurations: Map<string, string>, environment: NodeJS.ProcessEnv, directory: string) {
    this.configurations = configurations;
    this.environment = environment;
    this.directory = directory;
  }

  /** A scope whose changes do not reach this one. */
  fork(): Scope {
    return new Scope(new Map(this.configurations), { ...this.environment }, this.directory);
  }

  /** The same scope seen from a file in another folder. */
  within(directory: string): Scope {
    return new Scope(this.configurations, this.environment, directory);
  }

  /** Puts a namespace in front of those of the nodes that follow. */
  pushNamespace(namespace: string): void {
    this.configurations.set(NAMESPACE, this.resolveNamespace(namespace));
  }

  /** Joins a namespace to the pushed one; an absolute one replaces it. Absolute, or empty where there is none. */
  resolveNamespace(namespace: string): string {
    const pushed = this.configurations.get(NAMESPACE) ?? '';
    const own = namespace.replace(/\/$/, '');
    if (namespace.startsWith('/')) return own;
    return own === '' ? pushed : `${pushed}/${own}`;
  }
}
