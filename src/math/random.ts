/**
 * Seeded random numbers: the same seed gives the same sequence on every machine. Generator xoshiro128** 1.1
 * (Blackman and Vigna, "Scrambled linear pseudorandom number generators", ACM TOMS 2021), its state filled from the
 * seed by SplitMix32. Not for cryptography.
 */
export class Random {
  readonly #state = new Uint32Array(4);
  #spareNormal: number | undefined;

  /**
   * @param seed any safe integer
   * @throws RangeError when the seed is not a safe integer
   */
  constructor(seed: number) {
    if (!Number.isSafeInteger(seed)) throw new RangeError(`Random: seed ${seed} is not an integer below 2^53`);
    // The low word starts the mixer, the high word is folded in half way, so that seeds 2^32 apart differ as well.
    let counter = seed >>> 0;
    const high = Math.floor(seed / 2 ** 32) >>> 0;
    for (let i = 0; i < 4; i++) {
      if (i === 2) counter ^= high;
      counter = (counter + 0x9e3779b9) >>> 0;
      let z = counter;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      this.#state[i] = z ^ (z >>> 16);
    }
    // All zeros is the one state from which the generator never leaves.
    if (this.#state.every((word) => word === 0)) this.#state[0] = 1;
    for (let i = 0; i < 8; i++) this.#next();
  }

  /** A number in [low, high); by default in [0, 1). 53 random bits. */
  uniform(low = 0, high = 1): number {
    const upper = this.#next() >>> 5;
    const lower = this.#next() >>> 6;
    return low + ((high - low) * (upper * 0x4000000 + lower)) / 0x20000000000000;
  }

  /** A number from the normal distribution (Box and Muller, 1958). */
  normal(mean = 0, standardDeviation = 1): number {
    let sample = this.#spareNormal;
    if (sample === undefined) {
      // z₁ = √(−2 ln u₁) cos 2πu₂, z₂ = √(−2 ln u₁) sin 2πu₂ with u₁ in (0, 1]
      const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
      const angle = 2 * Math.PI * this.uniform();
      sample = radius * Math.cos(angle);
      this.#spareNormal = radius * Math.sin(angle);
    } else {
      this.#spareNormal = undefined;
    }
    return mean + standardDeviation * sample;
  }

  /** An integer in 0 … n − 1. */
  integer(n: number): number {
    if (!Number.isSafeInteger(n) || n < 1) throw new RangeError(`Random.integer: n is ${n}; it must be at least 1`);
    return Math.floor(this.uniform() * n);
  }

  /** One element of `list`. */
  pick<T>(list: readonly T[]): T {
    if (list.length === 0) throw new RangeError('Random.pick: the list is empty');
    return list[this.integer(list.length)]!;
  }

  /** Shuffles `list` in place (Fisher and Yates) and returns it. */
  shuffle<T>(list: T[]): T[] {
    for (let i = list.length - 1; i > 0; i--) {
      const j = this.integer(i + 1);
      const swapped = list[i]!;
      list[i] = list[j]!;
      list[j] = swapped;
    }
    return list;
  }

  #next(): number {
    const s = this.#state;
    const scrambled = Math.imul(s[1]!, 5);
    const result = Math.imul((scrambled << 7) | (scrambled >>> 25), 9);
    const shifted = s[1]! << 9;
    s[2]! ^= s[0]!;
    s[3]! ^= s[1]!;
    s[1]! ^= s[2]!;
    s[0]! ^= s[3]!;
    s[2]! ^= shifted;
    s[3] = (s[3]! << 11) | (s[3]! >>> 21);
    return result;
  }
}
