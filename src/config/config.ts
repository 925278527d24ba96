import { readFileSync } from 'node:fs';
import { LineCounter, parseDocument } from 'yaml';
import type { z } from 'zod';
import { describeIssue } from './describe-issue.js';
import { locate } from './locate.js';

/**
 * Reads a YAML file and validates it. Build schemas from `z.strictObject` (so that unknown keys are errors) and
 * {@link quantity}; give nested groups `.prefault({})` so that their defaults apply when the file leaves them out.
 *
 * @returns the validated value, defaults filled in, quantities in SI
 * @throws Error with one line a problem, `file:line: key: value: what is allowed`
 */
export function loadConfig<S extends z.ZodType>(path: string, schema: S): z.output<S> {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (error) {
    throw new Error(`${path}: cannot read the configuration file: ${(error as Error).message}`, { cause: error });
  }
  return parseConfig(text, path, schema);
}

/** As {@link loadConfig}, for text that is already in memory; `file` only names it in errors. */
export function parseConfig<S extends z.ZodType>(text: string, file: string, schema: S): z.output<S> {
  const lineCounter = new LineCounter();
  const document = parseDocument(text, { lineCounter, prettyErrors: false });
  if (document.errors.length > 0) {
    const lines = document.errors.map(
      (e) => `${file}:${lineCounter.linePos(e.pos[0]).line}: not valid YAML: ${e.message}`,
    );
    throw new Error(lines.join('\n'));
  }

  const result = schema.safeParse(document.toJS() ?? {}, { error: (issue) => describeIssue(issue), reportInput: true });
  if (result.success) return result.data;

  const problems = result.error.issues
    .flatMap((issue) => flatten(issue))
    .map(({ path, input, message, unknownKey }) => {
      const { offset } = locate(document, path);
      const line = lineCounter.linePos(offset).line;
      const key = path.length === 0 ? '(top level)' : path.join('.');
      const value = unknownKey || input === undefined ? '' : `${summarise(input)}: `;
      return { line, text: `${file}:${line}: ${key}: ${value}${message}` };
    });
  problems.sort((a, b) => a.line - b.line);
  throw new Error(problems.map((problem) => problem.text).join('\n'));
}

interface Problem {
  path: PropertyKey[];
  input: unknown;
  message: string;
  unknownKey: boolean;
}

/** One problem for each unknown key; for a union, the problems of the alternative that came furthest. */
function flatten(issue: z.core.$ZodIssue, parents: PropertyKey[] = []): Problem[] {
  const path = [...parents, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const messages = issue.message.split('\n');
    return issue.keys.map((key, i) => ({
      path: [...path, key],
      input: undefined,
      message: messages[i]!,
      unknownKey: true,
    }));
  }
  if (issue.code === 'invalid_union') {
    const nested = issue.errors.filter((errors) =>
      errors.some((e) => e.path.length > 0 || e.code === 'unrecognized_keys'),
    );
    const furthest = nested.sort((a, b) => a.length - b.length)[0];
    if (furthest !== undefined) return furthest.flatMap((e) => flatten(e, path));
    const alternatives = issue.errors.map((errors) => errors[0]?.message).filter((message) => message !== undefined);
    if (alternatives.length > 0) {
      return [{ path, input: issue.input, message: [...new Set(alternatives)].join(', or '), unknownKey: false }];
    }
  }
  return [{ path, input: issue.input, message: issue.message, unknownKey: false }];
}

function summarise(input: unknown): string {
  const text = JSON.stringify(input) ?? String(input);
  return text.length > 60 ? `${text.slice(0, 57)}…` : text;
}
