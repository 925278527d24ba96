// Mocha's spec reporter, which also leaves the counts and the titles of what failed in a file.
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
    const failed = this.failures.map((test) => test.fullTitle());
    writeFileSync(this.#file, JSON.stringify({ passes, failures, failed }));
    done(failures);
  }
}
