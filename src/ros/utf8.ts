import type { MessageDefinitions } from './message-definition.js';

type Plain = Record<string, unknown>;
type Fix = (message: Plain) => Plain;

/**
 * The CDR writer reserves a byte for each UTF-16 unit of a string, which cuts strings that are not ASCII. Trailing NULs
 * make the unit count equal to the byte count; the writer then copies the bytes and has no room left for the NULs.
 */
function pad(text: string): string {
  const missing = Buffer.byteLength(text) - text.length;
  return missing === 0 ? text : text + '\0'.repeat(missing);
}

function padAny(value: unknown): unknown {
  return typeof value === 'string' ? pad(value) : value;
}

/**
 * Makes the function that readies a message of this type for the CDR writer: strings padded as above, in a copy where
 * one is needed.
 * @returns undefined when the type has no strings
 */
export function stringPadding(definitions: MessageDefinitions): Fix | undefined {
  const types = new Map(definitions.map((definition) => [definition.name ?? '', definition]));
  const root = definitions[0];
  return root === undefined ? undefined : fixer(root, types);
}

function fixer(
  definition: MessageDefinitions[number],
  types: Map<string, MessageDefinitions[number]>,
): Fix | undefined {
  const fields: { readonly name: string; readonly fix: (value: unknown) => unknown }[] = [];
  for (const { name, type, isComplex, isArray, isConstant } of definition.definitions) {
    if (isConstant === true) continue;
    let fix: ((value: unknown) => unknown) | undefined;
    if (type === 'string') fix = padAny;
    else if (isComplex === true) {
      const nested = types.get(type);
      const inner = nested === undefined ? undefined : fixer(nested, types);
      if (inner !== undefined) {
        fix = (value) => (typeof value === 'object' && value !== null ? inner(value as Plain) : value);
      }
    }
    if (fix !== undefined) fields.push({ name, fix: isArray === true ? each(fix) : fix });
  }
  if (fields.length === 0) return undefined;
  return (message) => {
    let out = message;
    for (const { name, fix } of fields) {
      const value = message[name];
      const fixed = fix(value);
      if (fixed === value) continue;
      if (out === message) out = { ...message };
      out[name] = fixed;
    }
    return out;
  };
}

function each(fix: (value: unknown) => unknown): (value: unknown) => unknown {
  return (values) => {
    if (!Array.isArray(values)) return values;
    for (let i = 0; i < values.length; i++) {
      if (fix(values[i]) !== values[i]) return values.map(fix);
    }
    return values;
  };
}
