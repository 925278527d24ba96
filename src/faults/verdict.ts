import { isStop, type Reaction, severity } from '../safety/causes.js';
import type { DeclaredCause } from '../safety/safety-config.js';
import type { Declaration } from './fault.js';

/** What a robot did in a run. */
export interface Observation {
  /** The most severe stop; undefined: none. */
  readonly reaction: Reaction | undefined;
  /** When the first stop began, s on the clock of the injections; undefined: none. */
  readonly time: number | undefined;
  /** Whether it left a stop without a reset. */
  readonly resumed: boolean;
  /** Causes that were named. */
  readonly causes: readonly string[];
}

/** A fault as it was injected. */
export interface InjectedFault {
  readonly declared: Declaration;
  /** When, s. */
  readonly time: number;
}

/** How the reaction compares with what is declared. */
export interface Verdict {
  /** Empty when everything was as declared, else what was not, in words. */
  readonly problems: readonly string[];
  /** From the injection of the fault that called first for a stop to the first command of it, s. */
  readonly reactionTime: number | undefined;
}

/** What the measurement may add: the moment of the injection is known to about this, s. */
export const TOLERANCE = 0.03;

type Causes = Readonly<Record<string, Pick<DeclaredCause, 'layer' | 'reaction' | 'deadline'>>>;

/** The cause by which the loop stops without safety_monitor. */
const MONITOR_GONE = 'monitor_silent';

/**
 * Compares what a robot did with what is declared for the faults of a run. Every fault that calls for a stop must be
 * followed by one, in time; the most severe stop must be one that is declared, and no less than the least that any
 * fault calls for. What only safety_monitor can see is seen by nobody while another fault keeps it silent: then the loop
 * stops for that, in its time. @param causes of the safety configuration
 */
export function judge(faults: readonly InjectedFault[], seen: Observation, causes: Causes): Verdict {
  const problems: string[] = [];
  const gone = faults.filter(({ declared }) => declared.causes.includes(MONITOR_GONE));
  const monitorGone = Math.max(...gone.map((fault) => dueOf(fault, causes)));
  const calls = faults.flatMap(({ declared, time }) => {
    const reactions = stops(declared, causes);
    if (reactions.length === 0) return [];
    const least = reactions.reduce((a, b) => (severity(a) < severity(b) ? a : b));
    const unseen = declared.causes.every((cause) => causes[cause]!.layer === 'monitor') ? monitorGone : -Infinity;
    const due = Math.max(dueOf({ declared, time }, causes), unseen);
    return [{ least, time, due, optional: declared.optional === true }];
  });
  const demanded = calls.filter(({ optional }) => !optional);
  const allowed = faults.flatMap(({ declared }) => stops(declared, causes));
  const { reaction, time } = seen;
  if (reaction !== undefined && !allowed.includes(reaction)) {
    const what = allowed.length === 0 ? 'nothing' : [...new Set(allowed)].join(' or ');
    problems.push(`reacted with ${reaction} (${seen.causes.join(', ')}), declared is ${what}`);
  }
  for (const { least, due } of demanded) {
    if (reaction === undefined || severity(reaction) < severity(least)) {
      problems.push(`reacted with ${reaction ?? 'no stop'}, ${least} is declared`);
    } else if (time !== undefined && time > due + TOLERANCE) {
      problems.push(`reacted ${(1e3 * (time - due)).toFixed(0)} ms after the deadline`);
    }
  }
  if (seen.resumed) problems.push('left a stop without a reset');
  const first = calls.reduce<number | undefined>(
    (earliest, call) => Math.min(earliest ?? call.time, call.time),
    undefined,
  );
  const reactionTime = time === undefined || first === undefined ? undefined : time - first;
  return { problems, reactionTime };
}

/** When the reaction to a fault must have begun, s. */
function dueOf({ declared, time }: InjectedFault, causes: Causes): number {
  return time + declared.visibleAfter + Math.max(...declared.causes.map((cause) => causes[cause]!.deadline));
}

function stops({ causes: names }: Declaration, causes: Causes): Reaction[] {
  return names.flatMap((name) => {
    const { reaction } = causes[name]!;
    return isStop(reaction) ? [reaction] : [];
  });
}
