import { LaunchError } from './launch-error.js';
import type { Scope } from './scope.js';
import { expandSubstitutions } from './substitution.js';
import type { XmlElement } from './xml-element.js';

/** Reads one element in a scope: attributes with substitutions expanded, errors with file and line. */
export class ElementReader {
  readonly #element: XmlElement;
  readonly #scope: Scope;

  /** @throws LaunchError for an attribute that is not among `known` */
  constructor(element: XmlElement, scope: Scope, known: readonly string[]) {
    this.#element = element;
    this.#scope = scope;
    for (const attribute of element.attributes.keys()) {
      if (!known.includes(attribute)) {
        this.fail(`attribute '${attribute}' of <${element.name}> is not supported; it may have ${known.join(', ')}`);
      }
    }
  }

  /** Value of an attribute, undefined when it is absent. */
  optional(attribute: string): string | undefined {
    const text = this.#element.attributes.get(attribute);
    return text === undefined ? undefined : this.attempt(() => expandSubstitutions(text, this.#scope));
  }

  /** Value of an attribute. @throws LaunchError when it is absent */
  required(attribute: string): string {
    return this.optional(attribute) ?? this.fail(`<${this.#element.name}> needs the attribute '${attribute}'`);
  }

  /** Value of a boolean attribute: true, false, 1 or 0. */
  boolean(attribute: string, fallback: boolean): boolean {
    const value = this.optional(attribute);
    if (value === undefined) return fallback;
    if (/^(true|1)$/i.test(value)) return true;
    if (/^(false|0)$/i.test(value)) return false;
    return this.fail(`${attribute}="${value}" is neither true nor false`);
  }

  /** Value of an attribute that is a time of at least 0 s. */
  seconds(attribute: string, fallback: number): number {
    const value = this.optional(attribute);
    if (value === undefined) return fallback;
    const number = Number(value);
    return value.trim() !== '' && number >= 0 ? number : this.fail(`${attribute}="${value}" is no time in seconds`);
  }

  /** Children, each of which must be of a kind in `known`. */
  children(known: readonly string[]): readonly XmlElement[] {
    for (const child of this.#element.children) {
      if (!known.includes(child.name)) {
        const allowed =
          known.length > 0 ? `it may hold ${known.map((name) => `<${name}>`).join(', ')}` : 'it holds none';
        throw new LaunchError(
          child.file,
          child.line,
          `<${child.name}> within <${this.#element.name}> is not supported by this launcher; ${allowed}`,
        );
      }
    }
    return this.#element.children;
  }

  /** Runs an action and adds file and line to an error it throws. */
  attempt<T>(action: () => T): T {
    try {
      return action();
    } catch (error) {
      if (error instanceof LaunchError) throw error;
      return this.fail(error instanceof Error ? error.message : String(error));
    }
  }

  fail(reason: string): never {
    throw new LaunchError(this.#element.file, this.#element.line, reason);
  }
}
