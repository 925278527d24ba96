import { editDistance } from '../math/edit-distance.js';

/** A task, as instructions name it. */
export interface KnownTask {
  task: string;
  /** Ways to put it that the policy was trained on. */
  instructions: readonly string[];
}

/** The outcome of matching: the instruction to give to the policy, or why there is none. */
export type InstructionMatch =
  | { known: true; task: string; instruction: string }
  | { known: false; nearest: string; message: string };

/** Words that carry no meaning for matching. */
const FILLERS = new Set(['a', 'an', 'the', 'please']);

/** Lower case, without punctuation, doubled spaces, articles and courtesies: `Pick up the red cup!` → `pick up red cup`. */
export function normaliseInstruction(text: string): string {
  const words = text
    .normalize('NFKC')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u);
  return words.filter((word) => word !== '' && !FILLERS.has(word)).join(' ');
}

/**
 * Decides whether an instruction is one that the policy was trained on. Anything else, even a near miss, is answered
 * with the nearest known instruction and must not move the robot.
 */
export class InstructionMatcher {
  readonly #known = new Map<string, { task: string; instruction: string }>();

  /** @throws Error when there is no instruction, or two tasks share one */
  constructor(tasks: readonly KnownTask[]) {
    for (const { task, instructions } of tasks) {
      for (const instruction of instructions) {
        const key = normaliseInstruction(instruction);
        const other = this.#known.get(key);
        if (other !== undefined && other.task !== task) {
          throw new Error(`instruction "${instruction}": names both task ${other.task} and task ${task}`);
        }
        if (key !== '' && other === undefined) this.#known.set(key, { task, instruction });
      }
    }
    if (this.#known.size === 0) throw new Error('instructions: none is known; the task must list at least one');
  }

  match(text: string): InstructionMatch {
    const key = normaliseInstruction(text);
    const found = this.#known.get(key);
    if (found !== undefined) return { known: true, ...found };
    let nearest = '';
    let least = Number.POSITIVE_INFINITY;
    for (const [known, { instruction }] of this.#known) {
      const distance = editDistance(key, known);
      if (distance < least) [nearest, least] = [instruction, distance];
    }
    const message = `unknown instruction "${text}": the nearest known one is "${nearest}"; the robot stays where it is`;
    return { known: false, nearest, message };
  }
}
