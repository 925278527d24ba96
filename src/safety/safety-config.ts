import { z } from 'zod';
import { loadConfig } from '../config/config.js';
import { quantity } from '../config/quantity.js';
import { CAUSES, type CauseName, LAYERS, type Layer, REACTIONS, type Reaction } from './causes.js';

const STOPS = ['category_2', 'category_1', 'category_0'] as const satisfies readonly Reaction[];

/** The reactions that a cause may have: the loop's are stops, but for missed cycles; requests are stops. */
function reactionsTo(layer: Layer, name: string): readonly Reaction[] {
  if (name === 'cycles_missed') return ['slow'];
  return layer === 'monitor' ? REACTIONS : STOPS;
}

/** Every cause of a layer must be there, and no other. */
function causesOf<L extends Layer>(layer: L) {
  const entries = Object.keys(CAUSES[layer]).map((name) => {
    const reaction = z.enum(reactionsTo(layer, name));
    return [name, z.strictObject({ reaction, deadline: quantity('s', { above: 0, max: 10 }) })] as const;
  });
  type Cause = (typeof entries)[number][1];
  return z.strictObject(Object.fromEntries(entries) as Record<keyof (typeof CAUSES)[L] & string, Cause>);
}

const share = z.number().min(0).max(1);
const time = quantity('s', { above: 0, max: 60 });

const schema = z.strictObject({
  causes: z.strictObject({ loop: causesOf('loop'), monitor: causesOf('monitor'), operator: causesOf('operator') }),
  watchdog: z.strictObject({
    missed_cycles: z.int().min(1).max(100),
    slow_scale: z.number().gt(0).max(1),
    slow_time: time,
    stall: quantity('s', { min: 0.005, max: 1 }),
    monitor_silence: quantity('s', { min: 0.05, max: 10 }),
    reference_silence: quantity('s', { min: 0.05, max: 10 }),
    implausible_velocity: quantity('rad/s', { above: 0 }),
  }),
  crouch: z.strictObject({
    posture: z.string(),
    groups: z.array(z.string()),
    speed: z.number().gt(0).max(1),
    settle: quantity('s', { min: 0, max: 10 }),
  }),
  limits: z.strictObject({
    joints: z.strictObject({
      position_margin: quantity('rad', { min: 0 }),
      velocity_factor: z.number().min(1),
      torque_factor: z.number().min(1),
      persistence: quantity('s', { min: 0, max: 1 }),
      frozen_distance: quantity('rad', { above: 0 }),
      frozen_time: quantity('s', { min: 0, max: 10 }),
    }),
    tracking: z.strictObject({
      error: z.record(z.string(), quantity('rad', { above: 0 })),
      persistence: quantity('s', { min: 0, max: 10 }),
    }),
    self_collision: z.strictObject({ stop: quantity('m'), warn: quantity('m'), period: time }),
    thermal: z.strictObject({
      time_constant: quantity('s', { above: 0 }),
      continuous: z.record(z.string(), z.number().gt(0).max(1)),
      warn: z.number().gt(0),
      stop: z.number().gt(0),
    }),
    base: z.strictObject({
      tilt: quantity('rad', { above: 0 }),
      fallen: quantity('rad', { above: 0 }),
      acceleration: quantity('m/s^2', { above: 0 }),
      angular_velocity: quantity('rad/s', { above: 0 }),
      frozen: time,
      slip: time,
    }),
    overruns: z.strictObject({ warn: share, stop: share }),
    silence: z.strictObject({
      startup: time,
      settle: time,
      nodes: quantity('s', { min: 0.05, max: 60 }),
      topics: quantity('s', { min: 0.05, max: 60 }),
      by_name: z.record(z.string(), quantity('s', { min: 0.05, max: 60 })),
    }),
  }),
});

/** What is declared for a cause. */
export interface DeclaredCause {
  readonly name: CauseName;
  readonly layer: Layer;
  /** What it means, in words. */
  readonly description: string;
  readonly reaction: Reaction;
  /** From the moment that the fault is visible to the layer to the first command of the reaction, s. */
  readonly deadline: number;
}

/** What safety_monitor judges by; SI units. */
export type SafetyLimits = Readonly<z.output<typeof schema>['limits']>;

/** The safety configuration; SI units. */
export interface SafetyConfig extends Readonly<Omit<z.output<typeof schema>, 'causes' | 'limits'>> {
  readonly causes: Readonly<Record<CauseName, DeclaredCause>>;
  readonly limits: SafetyLimits;
}

/**
 * Reads the safety configuration.
 * @param file `config/safety.yaml`
 * @throws Error with one line a problem: file, line, key, value and what is allowed
 */
export function loadSafetyConfig(file: string): SafetyConfig {
  const { causes, ...rest } = loadConfig(file, schema);
  const declared = LAYERS.flatMap((layer) =>
    Object.entries(causes[layer]).map(([name, { reaction, deadline }]) => {
      const description = (CAUSES[layer] as Readonly<Record<string, string>>)[name]!;
      return [name, { name: name as CauseName, layer, description, reaction, deadline }] as const;
    }),
  );
  return { ...rest, causes: Object.fromEntries(declared) as Record<CauseName, DeclaredCause> };
}

/** Longest silence of a node or topic once the graph has settled, s. */
export function silenceLimit({ silence }: SafetyLimits, kind: 'node' | 'topic', name: string): number {
  return silence.by_name[name] ?? (kind === 'node' ? silence.nodes : silence.topics);
}

/** The same with longer limits on silence, for a machine that is busy with other things. @param factor at least 1 */
export function beMorePatient(config: SafetyConfig, factor: number): SafetyConfig {
  const { watchdog, limits } = config;
  const { startup, settle, nodes, topics, by_name } = limits.silence;
  return {
    ...config,
    watchdog: {
      ...watchdog,
      monitor_silence: factor * watchdog.monitor_silence,
      reference_silence: factor * watchdog.reference_silence,
    },
    limits: {
      ...limits,
      joints: { ...limits.joints, frozen_time: factor * limits.joints.frozen_time },
      // A loop that stalls repeats what it measured last.
      base: { ...limits.base, frozen: factor * limits.base.frozen },
      silence: {
        startup: factor * startup,
        settle,
        nodes: factor * nodes,
        topics: factor * topics,
        by_name: Object.fromEntries(Object.entries(by_name).map(([name, limit]) => [name, factor * limit])),
      },
    },
  };
}
