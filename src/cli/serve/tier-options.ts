import { isTier, TIERS, type Tier } from '../../deployment/tiers.js';

/** @throws Error that names the option and what it may be */
export function tierOf(option: string, text: string): Tier {
  if (!isTier(text)) throw new Error(`--${option}: '${text}' is no tier; it must be one of ${TIERS.join(', ')}`);
  return text;
}

/**
 * What an option that may be given for each tier, `TIER=VALUE`, says.
 * @param served tiers that are served
 * @throws Error that names the option and what it may be
 */
export function byTier(option: string, texts: readonly string[], served: readonly Tier[]): ReadonlyMap<Tier, string> {
  return new Map(
    texts.map((text) => {
      const [, name = '', value = ''] = /^([^=]*)=(.+)$/.exec(text) ?? [];
      if (value === '') throw new Error(`--${option}: '${text}' is not TIER=VALUE, such as nano=VALUE`);
      const tier = tierOf(option, name);
      if (!served.includes(tier)) throw new Error(`--${option}: ${tier} is not served; add --tier ${tier}`);
      return [tier, value];
    }),
  );
}
