import type { Layer, Reaction } from '../safety/causes.js';
import { isStop } from '../safety/causes.js';
import type { SafetyEvent } from '../safety/findings.js';
import type { SafetyState } from '../safety/safety-monitor.js';
import type { MessageInput, Stamp } from './messages.js';
import { toStamp } from './time.js';

/** Layers and reactions as SafetyEvent.msg numbers them; the stop categories are those of SafetyState.msg too. */
const LAYER: Readonly<Record<Layer, number>> = { loop: 0, monitor: 1, operator: 2 };
const CATEGORY: Readonly<Record<Reaction, number>> = { category_0: 0, category_1: 1, category_2: 2, slow: 3, warn: 4 };
const NONE = 255;

/** @param offset ROS time minus the monitor's, s */
export function safetyStateMessage(
  { level, reaction, speedScale, reasons, causes, latched, since }: SafetyState,
  stamp: Stamp,
  offset: number,
): MessageInput<'cosmos_humanoid/msg/SafetyState'> {
  return {
    header: { stamp },
    level,
    category: reaction !== undefined && isStop(reaction) ? CATEGORY[reaction] : NONE,
    speed_scale: speedScale,
    reasons,
    causes,
    latched,
    since: toStamp(since + offset),
  };
}

/** What was seen or done. */
export function safetyEventMessage(
  { cause, layer, reaction, text }: SafetyEvent,
  stamp: Stamp,
): MessageInput<'cosmos_humanoid/msg/SafetyEvent'> {
  const category = reaction === undefined ? NONE : CATEGORY[reaction];
  return { header: { stamp }, layer: LAYER[layer], cause, category, text };
}
