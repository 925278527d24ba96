/** Cycles of the loop over all its lives: its counters start anew with it. */
export class LoopCounters {
  #past = { cycles: 0, missed: 0 };
  #present = { cycles: 0, missed: 0 };

  observe(cycles: number, missed: number): void {
    if (cycles < this.#present.cycles) this.#past = { cycles: this.cycles, missed: this.missed };
    this.#present = { cycles, missed };
  }

  get cycles(): number {
    return this.#past.cycles + this.#present.cycles;
  }

  get missed(): number {
    return this.#past.missed + this.#present.missed;
  }
}
