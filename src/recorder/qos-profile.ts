import { parse } from 'yaml';

/** What a recording keeps of the quality of service that a topic's publishers offer. */
export interface QosProfile {
  readonly reliability: 'reliable' | 'best_effort';
  readonly durability: 'transient_local' | 'volatile';
  /** Messages kept; publishers do not tell theirs over the network, then it is 0. */
  readonly depth: number;
}

/**
 * What to ask for so that all publishers are heard: reliable or transient local only where every one of them is.
 * @param depth messages that wait at most
 */
export function requestedQos(offered: readonly QosProfile[], depth: number): QosProfile {
  return {
    reliability: offered.every(({ reliability }) => reliability === 'reliable') ? 'reliable' : 'best_effort',
    durability: offered.every(({ durability }) => durability === 'transient_local') ? 'transient_local' : 'volatile',
    depth,
  };
}

/** Durations that are not limited. */
const INFINITE = { sec: 9223372036, nsec: 854775807 };

/** In the words of rosbag2's metadata, version 9. */
export function describeQos({ reliability, durability, depth }: QosProfile): Record<string, unknown> {
  return {
    history: depth === 0 ? 'unknown' : 'keep_last',
    depth,
    reliability,
    durability,
    deadline: INFINITE,
    lifespan: INFINITE,
    liveliness: 'automatic',
    liveliness_lease_duration: INFINITE,
    avoid_ros_namespace_conventions: false,
  };
}

/**
 * Reads what `offered_qos_profiles` of a bag's channel says, in words (version 9) or in rmw's numbers (before).
 * @returns what suits all of its publishers; the default of ROS 2 where it says nothing
 */
export function readQos(text: string | undefined): QosProfile {
  const profiles: unknown = text === undefined || text.trim() === '' ? [] : parse(text);
  const offered = (Array.isArray(profiles) ? profiles : []).map(
    (profile: Record<string, unknown>): QosProfile => ({
      reliability: ['best_effort', 2].includes(profile.reliability as string) ? 'best_effort' : 'reliable',
      durability: ['transient_local', 1].includes(profile.durability as string) ? 'transient_local' : 'volatile',
      depth: Number(profile.depth ?? 0),
    }),
  );
  if (offered.length === 0) return { reliability: 'reliable', durability: 'volatile', depth: 0 };
  return requestedQos(offered, Math.max(...offered.map(({ depth }) => depth)));
}
