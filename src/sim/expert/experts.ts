import { articulated } from './articulated-expert.js';
import type { ExpertKind } from './expert.js';
import { handoff } from './handoff-expert.js';
import { navigation } from './navigation-expert.js';
import { pickAndPlace } from './pick-and-place-expert.js';
import { tool } from './tool-expert.js';

/** By the name that a task's file gives as its `expert`. */
export const experts = {
  articulated,
  handoff,
  navigation,
  pick_and_place: pickAndPlace,
  tool,
} as const satisfies Readonly<Record<string, ExpertKind>>;

export type ExpertName = keyof typeof experts;
