/** Longest instruction, bytes of UTF-8, and longest complaint. */
const TEXT = 2000;
const Word = { asked: 0, answered: 1, seed: 2, length: 3 } as const;
const WORDS = 4;

/** What is to be placed anew. */
export interface Placement {
  readonly seed: number;
  /** The instruction whose target is put within reach; empty: the seed's own. */
  readonly instruction: string;
}

/**
 * Where robot and objects are asked to be placed anew: shared between the thread that speaks ROS and the simulation's.
 * One placement is under way at a time.
 */
export class PlacementPort {
  readonly buffer: SharedArrayBuffer;
  readonly #words: Int32Array;
  readonly #text: Uint8Array;

  /** @param buffer of the other side; a new one is allocated when it is left out */
  constructor(buffer?: SharedArrayBuffer) {
    this.buffer = buffer ?? new SharedArrayBuffer(4 * WORDS + TEXT);
    this.#words = new Int32Array(this.buffer, 0, WORDS);
    this.#text = new Uint8Array(this.buffer, 4 * WORDS, TEXT);
  }

  /**
   * Asks for a placement.
   * @param patience s
   * @returns when the simulation has done it
   * @throws Error where one is under way, the text is too long, the simulation refuses or does not answer
   */
  async place({ seed, instruction }: Placement, patience = 10): Promise<void> {
    const words = this.#words;
    if (this.pending) throw new Error('another placement is under way; wait for it');
    this.#write(instruction);
    Atomics.store(words, Word.seed, seed);
    const ticket = Atomics.add(words, Word.asked, 1) + 1;
    const deadline = performance.now() + 1000 * patience;
    while (Atomics.load(words, Word.answered) !== ticket) {
      if (performance.now() > deadline) throw new Error(`the simulation did not answer within ${patience} s`);
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    const complaint = this.#read();
    if (complaint !== '') throw new Error(complaint);
  }

  /** Simulation: whether something is to be placed. Real-time safe. */
  get pending(): boolean {
    return Atomics.load(this.#words, Word.asked) !== Atomics.load(this.#words, Word.answered);
  }

  /** Simulation: what is to be placed. */
  take(): Placement {
    return { seed: Atomics.load(this.#words, Word.seed), instruction: this.#read() };
  }

  /** Simulation: it is done, or why not. */
  answer(complaint = ''): void {
    this.#write(complaint.slice(0, TEXT / 4));
    Atomics.store(this.#words, Word.answered, Atomics.load(this.#words, Word.asked));
  }

  #write(text: string): void {
    const bytes = new TextEncoder().encode(text);
    if (bytes.length > TEXT) throw new Error(`an instruction has at most ${TEXT} bytes, this one ${bytes.length}`);
    this.#text.set(bytes);
    Atomics.store(this.#words, Word.length, bytes.length);
  }

  #read(): string {
    return new TextDecoder().decode(this.#text.slice(0, Atomics.load(this.#words, Word.length)));
  }
}
