// Mocha's spec reporter, which also leaves the counts in a file.
import { writeFileSync } from 'node:fs';
import Mocha from 'mocha';

export default class CountingReporter extends Mocha.reporters.Spec {
  #file;

  /**
   * @param {import('mocha').Runner} runner
   * @param {import('mocha').MochaOptions} options
   */
  constructor(runner, options) {
    super(runner, options);
    this.#file = options.reporterOptions.counts;
  }

  /**
   * Called by mocha at the end.
   * @override
   * @param {number} failures
   * @param {(failures: number) => void} done
   */
  done(failures, done) {
    const { passes = 0 } = this.stats ?? {};
    writeFileSync(this.#file, JSON.stringify({ passes, failures }));
    done(failures);
  }
}
