import { type ParseArgsConfig, parseArgs } from 'node:util';

type Options = NonNullable<ParseArgsConfig['options']>;

/**
 * Parses a command's options; prints the help for `--help` and a clear error for anything unknown, and ends the
 * process then.
 * @param usage the help text
 * @param allowPositionals whether the command takes words beside its options
 */
export function parseOptions<T extends Options>(usage: string, options: T, allowPositionals = false) {
  try {
    const help = { type: 'boolean', short: 'h', default: false } as const;
    const parsed = parseArgs({ options: { ...options, help }, allowPositionals });
    if ((parsed.values as { help?: boolean }).help) {
      console.log(usage.trim());
      process.exit(0);
    }
    return parsed;
  } catch (error) {
    console.error(`${(error as Error).message}\n\n${usage.trim()}`);
    process.exit(1);
  }
}

/** A whole number from an option. @throws Error that names the option and what it may be */
export function wholeNumber(name: string, text: string, least = 0): number {
  const value = text.trim() === '' ? Number.NaN : Number(text);
  if (!Number.isSafeInteger(value) || value < least) {
    throw new Error(`--${name}: '${text}' is not a whole number of at least ${least}`);
  }
  return value;
}

/** A part of the work, `I/N`: number I (from 0) of N. @throws Error that names the option and what it may be */
export function shardOf(text: string): { readonly index: number; readonly count: number } {
  const [index, count] = /^(\d+)\/(\d+)$/.exec(text)?.slice(1).map(Number) ?? [];
  if (index === undefined || count === undefined || index >= count) {
    throw new Error(`--shard: '${text}' is not I/N with whole numbers, I from 0 to N-1`);
  }
  return { index, count };
}

/** One of some words. @throws Error that names the option and what it may be */
export function oneOf<Word extends string>(name: string, text: string, words: readonly Word[]): Word {
  const found = words.find((word) => word === text);
  if (found === undefined) throw new Error(`--${name} is '${text}'; it must be one of ${words.join(', ')}`);
  return found;
}
