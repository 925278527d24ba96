import { Tokenizer as HuggingFaceTokenizer } from '@huggingface/tokenizers';

/** An instruction as the network reads it. */
export interface Tokens {
  /** Token identifiers, padded with 0 to the fixed length. */
  ids: BigInt64Array;
  /** 1 for a token, 0 for padding. */
  mask: Float32Array;
  /** Words that the vocabulary lacks, as written. */
  unknownWords: string[];
}

/** Turns instructions into token sequences of fixed length, by a `tokenizer.json` of the Hugging Face format. */
export class Tokenizer {
  readonly #tokenizer: HuggingFaceTokenizer;
  readonly #length: number;
  readonly #unknown: number;

  /**
   * @param json content of the file
   * @param length tokens that the network takes
   * @param file name of the file, for errors
   * @throws Error when the text is no tokenizer, or has no token for unknown words
   */
  constructor(json: string, length: number, file = 'tokenizer.json') {
    let unknown: number | undefined;
    try {
      const definition = JSON.parse(json) as { model: { unk_token?: string } };
      this.#tokenizer = new HuggingFaceTokenizer(definition, {});
      unknown = this.#tokenizer.token_to_id(definition.model.unk_token ?? '[UNK]');
    } catch (error) {
      throw new Error(`${file}: not a Hugging Face tokenizer: ${(error as Error).message}`, { cause: error });
    }
    if (unknown === undefined) throw new Error(`${file}: the vocabulary has no token for unknown words; add "[UNK]"`);
    this.#unknown = unknown;
    this.#length = length;
  }

  /** @throws Error when the instruction has no words, or more tokens than the network takes */
  encode(instruction: string): Tokens {
    const found = this.#tokenIds(instruction);
    if (found.length === 0) throw new Error(`instruction "${instruction}": has no words`);
    if (found.length > this.#length) {
      throw new Error(`instruction "${instruction}": ${found.length} tokens; the policy reads at most ${this.#length}`);
    }
    const ids = new BigInt64Array(this.#length);
    const mask = new Float32Array(this.#length);
    for (const [i, id] of found.entries()) {
      ids[i] = BigInt(id);
      mask[i] = 1;
    }
    const words = instruction.split(/\s+/).filter((word) => this.#tokenIds(word).includes(this.#unknown));
    return { ids, mask, unknownWords: words };
  }

  /** Some tokenizer models answer an unknown word with no identifier at all. */
  #tokenIds(text: string): number[] {
    return (this.#tokenizer.encode(text).ids as (number | undefined)[]).map((id) => id ?? this.#unknown);
  }
}
