import { articulated } from './articulated-expert.js';
import type { ExpertKind } from './expert.js';
import { pickAndPlace } from './pick-and-place-expert.js';

/** By the name that a task's file gives as its `expert`. */
export const experts = {
  articulated,
  pick_and_place: pickAndPlace,
} as const satisfies Readonly<Record<string, ExpertKind>>;

export type ExpertName = keyof typeof experts;
