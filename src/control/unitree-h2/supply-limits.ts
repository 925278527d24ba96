import { z } from 'zod';
import { loadConfig } from '../../config/config.js';
import { quantity } from '../../config/quantity.js';

const pair = z.strictObject({ warn: quantity('V', { above: 0 }), stop: quantity('V', { above: 0 }) });

const schema = z.strictObject({
  supply: z
    .strictObject({ lowest: pair, highest: pair, persistence: quantity('s', { min: 0, max: 10 }) })
    .superRefine(({ lowest, highest }, context) => {
      const refuse = (path: string[], message: string) => context.addIssue({ code: 'custom', path, message });
      if (lowest.stop > lowest.warn) refuse(['lowest', 'stop'], `must be at most warn, ${lowest.warn} V`);
      if (highest.stop < highest.warn) refuse(['highest', 'stop'], `must be at least warn, ${highest.warn} V`);
      if (lowest.warn >= highest.warn) refuse(['lowest', 'warn'], `must be below the highest, ${highest.warn} V`);
    }),
});

/** Voltages between which the motors must be supplied, V; how long they may be beyond `stop`, s. */
export type SupplyLimits = z.output<typeof schema>['supply'];

/**
 * Reads the limits of the motors' supply.
 * @throws Error naming the file, the line, the key and what is allowed
 */
export function loadSupplyLimits(file: string): SupplyLimits {
  return loadConfig(file, schema).supply;
}
