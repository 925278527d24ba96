import { SuspensionPhase } from '../balance/suspension.js';
import { describeRefusal, ReferencePhase } from '../control/reference.js';
import type { BalanceReport, SharedState } from '../control/shared-state.js';
import { describeStopCauses, StopMode } from '../control/stop-state.js';
import { type Diagnostics, Level } from './diagnostics.js';

/** What carries the robot, in words. */
const CARRIED: Readonly<Record<SuspensionPhase, string>> = {
  [SuspensionPhase.absent]: 'there is none',
  [SuspensionPhase.standing]: 'slack',
  [SuspensionPhase.between]: 'carries a part of the robot',
  [SuspensionPhase.hanging]: 'carries the robot',
};

/**
 * Reports how the control loop is: its timing, its stop and its reference.
 * @param names of the joints @param refusedMessages trajectories that did not even reach the loop
 */
export function reportLoop(
  diagnostics: Diagnostics,
  shared: SharedState,
  names: readonly string[],
  refusedMessages: number,
): void {
  const { lateUs, executionUs, cycles, missed, realTimeFactor } = shared.statistics.report();
  diagnostics.report('loop', Level.ok, 'ok', {
    late_p50_us: lateUs.p50,
    late_p99_us: lateUs.p99,
    late_p999_us: lateUs.p999,
    late_max_us: lateUs.max,
    busy_p99_us: executionUs.p99,
    cycles,
    missed,
    real_time_factor: realTimeFactor,
  });
  const { stopMode, stopCauses, referencePhase, taken, refused, refusal, refusalJoint } = shared.readStatus();
  const stopped = stopMode !== StopMode.running;
  const causes = stopped ? describeStopCauses(stopCauses).join('; ') : 'ok';
  diagnostics.report('stop', stopped ? Level.error : Level.ok, causes, { mode: stopMode });
  const starving = referencePhase === ReferencePhase.degraded || referencePhase === ReferencePhase.exhausted;
  diagnostics.report('reference', starving ? Level.warning : Level.ok, starving ? 'trajectories stay away' : 'ok', {
    taken,
    refused,
    refused_messages: refusedMessages,
    last_refusal: refused > 0 ? describeRefusal(refusal, names[refusalJoint]) : '',
  });
  const { phase, load } = shared.readSuspension();
  if (phase !== SuspensionPhase.absent) diagnostics.report('hoist', Level.ok, CARRIED[phase], { load_n: load });
  const balance = shared.readBalance();
  if (balance === undefined || phase === SuspensionPhase.hanging) return;
  diagnostics.report('balance', balanced(balance) ? Level.ok : Level.warning, describeBalance(balance), {
    fallbacks: balance.fallbacks,
    refusals: balance.refusals,
    capture_margin_m: balance.captureMargin,
    recovery_steps: balance.steps,
  });
}

function balanced({ supported, fallback, captureMargin }: BalanceReport): boolean {
  return supported && !fallback && captureMargin >= 0;
}

function describeBalance({ supported, fallback, captureMargin }: BalanceReport): string {
  if (!supported) return 'no sole carries load';
  if (captureMargin < 0) return 'the soles cannot stop the fall any more';
  return fallback ? 'stands by the fallback' : 'ok';
}
