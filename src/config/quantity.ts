import { createRequire } from 'node:module';
import type { MathJsInstance } from 'mathjs';
import { z } from 'zod';

/** SI units in which configuration values reach the program. */
export type SiUnit =
  | 's'
  | 'm'
  | 'rad'
  | 'kg'
  | 'N'
  | 'N m'
  | 'Hz'
  | 'W'
  | 'V'
  | 'm/s'
  | 'm/s^2'
  | 'm/s^3'
  | 'rad/s'
  | 'rad/s^2'
  | 'rad/s^3'
  | 'N m/s'
  | 'N m/rad'
  | 'N m s/rad'
  | 'N/m'
  | 'N s/m'
  | 'kg m^2';

/** Bounds of a quantity, in SI. `min` and `max` are included, `above` is not. */
export interface QuantityRange {
  min?: number;
  max?: number;
  above?: number;
}

let loadedMath: MathJsInstance | undefined;

/** mathjs is loaded with the first text that carries a unit, from its one-file bundle: a sixth of the start-up time. */
function math(): MathJsInstance {
  loadedMath ??= createRequire(import.meta.url)('mathjs/lib/browser/math.js') as MathJsInstance;
  return loadedMath;
}

/**
 * Converts a number (taken as SI) or a string with a unit (`'50 ms'`, `'20 deg'`, `'0.5 N·m'`) to SI.
 * @throws Error saying what is allowed, when the text is not a quantity or has another dimension than `unit`
 */
export function toSi(value: unknown, unit: SiUnit): number {
  const allowed = `a number in ${unit}, or a text with a unit that converts to ${unit}`;
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  if (typeof value !== 'string') throw new Error(`expected ${allowed}`);
  // mathjs knows neither the degree sign nor the middle dot.
  const text = value.replaceAll('°', ' deg').replaceAll('·', ' ').replaceAll('²', '^2');
  const parse = () => {
    try {
      return math().unit(text);
    } catch {
      throw new Error(`cannot be read as a quantity; expected ${allowed}`);
    }
  };
  const parsed = parse();
  const written = parsed.formatUnits();
  if (written === '') throw new Error(`has no unit; expected ${allowed}`);
  if (!parsed.equalBase(math().unit(unit))) throw new Error(`${written} has the wrong dimension; expected ${allowed}`);
  // A unit without a number, `s`, is a unit to mathjs, without a value.
  if (parsed.toJSON().value === null) throw new Error(`has no number; expected ${allowed}`);
  const si = parsed.toNumber(unit);
  if (!Number.isFinite(si)) throw new Error(`is not finite; expected ${allowed}`);
  return si;
}

/** Describes a range: `at least 0 s and at most 1 s`. */
function describeRange(range: QuantityRange, unit: SiUnit): string {
  const parts: string[] = [];
  if (range.above !== undefined) parts.push(`above ${range.above} ${unit}`);
  if (range.min !== undefined) parts.push(`at least ${range.min} ${unit}`);
  if (range.max !== undefined) parts.push(`at most ${range.max} ${unit}`);
  return parts.join(' and ');
}

/**
 * Schema of a physical quantity: a number in SI, or a text with a unit. The parsed value is in SI.
 * @example z.strictObject({ timeout: quantity('s', { above: 0 }).default(0.1) })
 */
export function quantity(unit: SiUnit, range: QuantityRange = {}) {
  return z.unknown().transform((value, context): number => {
    try {
      const si = toSi(value, unit);
      const inside = si > (range.above ?? -Infinity) && si >= (range.min ?? -Infinity) && si <= (range.max ?? Infinity);
      if (!inside) throw new Error(`must be ${describeRange(range, unit)}`);
      return si;
    } catch (error) {
      const missing = value === undefined;
      const message = missing
        ? `is missing; expected a number in ${unit}, or a text with a unit`
        : (error as Error).message;
      context.addIssue({ code: 'custom', message, input: value });
      return z.NEVER;
    }
  });
}
