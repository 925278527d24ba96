import type { InferenceSession } from 'onnxruntime-node';

/**
 * How actions are made (article, action prediction): `flow` integrates the decoder's velocity field in a few steps,
 * `diffusion` samples with the same network as a DDPM, `autoregressive` draws action tokens one after the other,
 * `hierarchical` asks for a subgoal first and lets the flow go there.
 */
export const ACTION_HEADS = ['flow', 'diffusion', 'autoregressive', 'hierarchical'] as const;
export type ActionHead = (typeof ACTION_HEADS)[number];

/** How ONNX Runtime runs a model's networks, and which of them make the actions. */
export interface Execution {
  /** Variant of the card, by the precision of its numbers: fp32, int8 …; undefined: the card's first. */
  readonly variant: string | undefined;
  /** Execution providers, the preferred one first. */
  readonly providers: readonly InferenceSession.ExecutionProviderConfig[];
  readonly head: ActionHead;
}

/** On the CPU: runs everywhere. */
export const CPU_EXECUTION: Execution = { variant: undefined, providers: ['cpu'], head: 'flow' };
