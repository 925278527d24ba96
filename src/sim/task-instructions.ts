import { z } from 'zod';

const oneOrMore = z.union([z.string(), z.array(z.string()).min(1)]);

/** What a task asks for: each target with each receptacle, in the same words. */
export const instructionSchema = z.strictObject({
  target: oneOrMore,
  /** Where the target goes, or what it belongs to. */
  receptacle: oneOrMore,
  /** Key of the task's `success`; the first one where it is left out. */
  goal: z.string().default('done'),
  /** Sentences, of which the first is the canonical one; `{target}` and `{receptacle}` stand for the bodies' names. */
  texts: z.array(z.string()).min(1),
  /** Sentences that demonstrations do not use, so that evaluation can ask in words that were not trained. */
  held_out: z.array(z.string()).default([]),
  /** Share of their range at which joints start: least and most, 0 … 1. A joint that is not named starts at 0. */
  start: z.record(z.string(), z.tuple([z.number().min(0).max(1), z.number().min(0).max(1)])).default({}),
});

/** One thing a task asks for, and the sentences that ask for it. */
export interface TaskInstruction {
  readonly target: string;
  readonly receptacle: string;
  readonly goal: string;
  readonly texts: readonly string[];
  readonly heldOut: readonly string[];
  readonly start: Readonly<Record<string, readonly [number, number]>>;
}

/** Every target with every receptacle other than itself. @param names of bodies, where it is not that of the body with spaces */
export function expandInstructions(
  entries: readonly z.output<typeof instructionSchema>[],
  names: Readonly<Record<string, string>>,
): TaskInstruction[] {
  const spoken = (body: string) => names[body] ?? body.replaceAll('_', ' ');
  return entries.flatMap((entry) =>
    [entry.target].flat().flatMap((target) =>
      [entry.receptacle].flat().flatMap((receptacle) => {
        if (target === receptacle) return [];
        const fill = (text: string) =>
          text.replaceAll('{target}', spoken(target)).replaceAll('{receptacle}', spoken(receptacle));
        const { goal, texts, held_out, start } = entry;
        return [{ target, receptacle, goal, texts: texts.map(fill), heldOut: held_out.map(fill), start }];
      }),
    ),
  );
}
