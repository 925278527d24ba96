import type { Robot } from '../robot/robot.js';
import type { LoopCause, OperatorCause, Reaction } from '../safety/causes.js';
import type { SafetyConfig } from '../safety/safety-config.js';
import { CONTROLLER_DEFAULTS, type ControllerOptions } from './joint-controller.js';
import { nameStopCauses, StopCause, type StopReactions } from './stop-state.js';

/** Demands of the monitor: their reactions are what they are. */
const DEMANDS: Readonly<Record<OperatorCause, true>> = {
  protective_stop: true,
  controlled_stop: true,
  emergency_stop: true,
};

/**
 * The loop's part of the safety configuration.
 * @throws Error naming an unknown posture or group
 */
export function controllerOptions(config: SafetyConfig, robot: Robot): ControllerOptions {
  const { watchdog, crouch } = config;
  const posture = new Float64Array(robot.names.length).fill(Number.NaN);
  const target = robot.posture(crouch.posture);
  for (const group of crouch.groups) for (const joint of robot.group(group)) posture[joint] = target[joint]!;
  return {
    ...CONTROLLER_DEFAULTS,
    reference: { ...CONTROLLER_DEFAULTS.reference, timeout: watchdog.reference_silence },
    heartbeatTimeout: watchdog.monitor_silence,
    implausibleVelocity: watchdog.implausible_velocity,
    reactions: stopReactions(config),
    watchdog: {
      missedCycles: watchdog.missed_cycles,
      slowScale: watchdog.slow_scale,
      slowTime: watchdog.slow_time,
      stall: watchdog.stall,
    },
    crouch: { posture, speed: crouch.speed, settle: crouch.settle },
  };
}

function stopReactions({ causes }: SafetyConfig): StopReactions {
  const masks: Partial<Record<Reaction, number>> = {
    category_1: StopCause.controlledStop,
    category_0: StopCause.emergencyStop,
  };
  for (const bit of Object.values(StopCause)) {
    const [name = ''] = nameStopCauses(bit);
    if (name in DEMANDS) continue;
    const { reaction } = causes[name as LoopCause];
    masks[reaction] = (masks[reaction] ?? 0) | bit;
  }
  return { crouch: masks.category_1 ?? 0, damping: masks.category_0 ?? 0 };
}
