import type { z } from 'zod';
import { closest } from '../math/edit-distance.js';

const TYPE_NAMES: Record<string, string> = {
  object: 'a mapping',
  record: 'a mapping',
  array: 'a list',
  tuple: 'a list',
  string: 'a text',
  boolean: 'true or false',
  int: 'an integer',
  number: 'a number',
};

/** What a configuration value is allowed to be, in words. For unknown keys, one line a key. */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = knownKeys(issue.inst);
      return issue.keys
        .map((key) => `unknown key; ${suggest(key, known)}known keys are ${known.join(', ')}`)
        .join('\n');
    }
    case 'invalid_type': {
      const expected = TYPE_NAMES[issue.expected] ?? issue.expected;
      return issue.input === undefined ? `is missing; expected ${expected}` : `expected ${expected}`;
    }
    case 'invalid_value': {
      const values = issue.values.map(String);
      const hint = typeof issue.input === 'string' ? suggest(issue.input, values) : '';
      const missing = issue.input === undefined ? 'is missing; ' : '';
      return values.length === 1
        ? `${missing}expected ${values[0]}`
        : `${missing}${hint}expected one of ${values.join(', ')}`;
    }
    case 'too_small':
      return `must ${bound(issue.origin, issue.inclusive === false ? 'more than' : 'at least', issue.minimum)}`;
    case 'too_big':
      return `must ${bound(issue.origin, issue.inclusive === false ? 'less than' : 'at most', issue.maximum)}`;
    case 'not_multiple_of':
      return `must be a multiple of ${issue.divisor}`;
    case 'invalid_union':
      return issue.discriminator === undefined
        ? undefined
        : `expected ${issue.discriminator} to be one of ${((issue.options ?? []) as unknown[]).join(', ')}`;
    default:
      return undefined;
  }
}

function bound(origin: string, relation: string, limit: number | bigint): string {
  if (origin === 'array' || origin === 'tuple') return `have ${relation} ${limit} elements`;
  if (origin === 'string') return `have ${relation} ${limit} characters`;
  return `be ${relation} ${limit}`;
}

function knownKeys(schema: unknown): string[] {
  return Object.keys((schema as z.ZodObject | undefined)?.shape ?? {});
}

/** `did you mean "x"? ` when something known is near, else nothing. */
function suggest(text: string, known: readonly string[]): string {
  const nearest = closest(text, known);
  if (nearest === undefined || nearest.distance > Math.max(2, text.length / 3)) return '';
  return `did you mean "${nearest.text}"? `;
}
