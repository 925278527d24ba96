import { findPackagePrefix, findPackageShare } from './package-index.js';

/** What substitutions are expanded with. */
export interface SubstitutionContext {
  /** Launch arguments and values set by `let`. */
  readonly configurations: ReadonlyMap<string, string>;
  readonly environment: NodeJS.ProcessEnv;
  /** Folder of the launch file. */
  readonly directory: string;
}

type Substitution = (args: readonly string[], context: SubstitutionContext) => string;

const SUBSTITUTIONS: Readonly<Record<string, { readonly arguments: readonly [number, number]; expand: Substitution }>> =
  {
    var: {
      arguments: [1, 2],
      expand: ([name = '', fallback], { configurations }) => {
        const value = configurations.get(name) ?? fallback;
        if (value === undefined) throw new Error(`'${name}' is neither an argument nor set by <let> above this line`);
        return value;
      },
    },
    env: {
      arguments: [1, 2],
      expand: ([name = '', fallback], { environment }) => {
        const value = environment[name] ?? fallback;
        if (value === undefined) throw new Error(`environment variable '${name}' is not set`);
        return value;
      },
    },
    'find-pkg-prefix': {
      arguments: [1, 1],
      expand: ([name = ''], { environment }) => findPackagePrefix(name, environment),
    },
    'find-pkg-share': {
      arguments: [1, 1],
      expand: ([name = ''], { environment }) => findPackageShare(name, environment),
    },
    dirname: { arguments: [0, 0], expand: (_, { directory }) => directory },
  };

/**
 * Replaces the substitutions `$(name argument...)` in a text; they nest, and quotes keep an argument with spaces together.
 * @throws Error for a substitution that is malformed, unknown or has no value
 */
export function expandSubstitutions(text: string, context: SubstitutionContext): string {
  let result = '';
  let position = 0;
  while (position < text.length) {
    const start = text.indexOf('$(', position);
    if (start < 0) return result + text.slice(position);
    const end = closingParenthesis(text, start + 2);
    result += text.slice(position, start) + expandOne(text.slice(start + 2, end), context);
    position = end + 1;
  }
  return result;
}

/** @param start first character after the opening parenthesis */
function closingParenthesis(text: string, start: number): number {
  let quote = '';
  let depth = 1;
  for (let i = start; i < text.length; i++) {
    const character = text[i] as string;
    if (quote !== '') {
      if (character === quote) quote = '';
    } else if (character === "'" || character === '"') quote = character;
    else if (text.startsWith('$(', i)) depth++;
    else if (character === ')' && --depth === 0) return i;
  }
  throw new Error(`'${text.slice(start - 2)}' has no closing parenthesis`);
}

function expandOne(content: string, context: SubstitutionContext): string {
  const [name = '', ...args] = splitArguments(content);
  const substitution = Object.hasOwn(SUBSTITUTIONS, name) ? SUBSTITUTIONS[name] : undefined;
  if (substitution === undefined) {
    const known = Object.keys(SUBSTITUTIONS).join(', ');
    throw new Error(`substitution $(${name} ...) is not supported by this launcher; it knows ${known}`);
  }
  const [least, most] = substitution.arguments;
  if (args.length < least || args.length > most) {
    const expected = least === most ? `${least}` : `${least} to ${most}`;
    throw new Error(`$(${content}) has ${args.length} arguments, expected ${expected}`);
  }
  return substitution.expand(
    args.map((argument) => expandSubstitutions(argument, context)),
    context,
  );
}

/** Splits at spaces outside of quotes and nested substitutions, and takes the quotes away. */
function splitArguments(content: string): string[] {
  const parts: string[] = [];
  let part: string | undefined;
  for (let i = 0; i < content.length; ) {
    const character = content[i] as string;
    if (content.startsWith('$(', i)) {
      const end = closingParenthesis(content, i + 2);
      part = (part ?? '') + content.slice(i, end + 1);
      i = end + 1;
    } else if (character === "'" || character === '"') {
      const end = content.indexOf(character, i + 1);
      if (end < 0) throw new Error(`$(${content}) has no closing ${character}`);
      part = (part ?? '') + content.slice(i + 1, end);
      i = end + 1;
    } else {
      if (/\s/.test(character)) {
        if (part !== undefined) parts.push(part);
        part = undefined;
      } else part = (part ?? '') + character;
      i++;
    }
  }
  if (part !== undefined) parts.push(part);
  return parts;
}
