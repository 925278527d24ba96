import type { Random } from '../math/random.js';
import type { CauseName } from '../safety/causes.js';
import type { FaultedGraph } from './faulted-graph.js';

/** What is declared to follow from a fault. */
export interface Declaration {
  /**
   * Causes of config/safety.yaml by which the robot may stop; the reaction to any of them is a declared one. Empty:
   * the fault is tolerated.
   */
  readonly causes: readonly CauseName[];
  /** Whether it need not stop either, because it depends on the moment whether the fault shows. */
  readonly optional?: boolean;
  /** From the injection until the fault is visible to the layer that reacts, s; the cause's deadline counts from then. */
  readonly visibleAfter: number;
}

/** A fault that is ready to be injected, all its random choices made. */
export interface PreparedFault {
  /** What exactly, e.g. 'stopped for 1.3 s'. */
  readonly detail: string;
  readonly declared: Declaration;
  /** How long it lasts, s: after that it is repaired. */
  readonly duration: number;
  /** Whether the graph has to settle afterwards, because something was silent. */
  readonly silences: boolean;
  /** Whether objects and posture have to be set up anew afterwards. */
  readonly disarranges: boolean;
  /** Makes ready what takes time, before the moment of the injection. */
  arm?(graph: FaultedGraph): void | Promise<void>;
  /** Makes it happen; resolves at once. @throws Error where that is not possible here */
  inject(graph: FaultedGraph): void | Promise<void>;
  /** Takes it back as far as that does not happen by itself. */
  repair?(graph: FaultedGraph): void | Promise<void>;
}

/** An entry of the catalogue. */
export interface Fault {
  /** Unique, e.g. 'kill motion_planner'. */
  readonly name: string;
  prepare(random: Random): PreparedFault;
}

/** Thrown by an injection that shows by itself that something was done which must not be. */
export class UndeclaredReaction extends Error {}

/** Nothing is to follow. */
export const TOLERATED: Declaration = { causes: [], visibleAfter: 0 };

/** A fault to which the robot reacts as to a cause. @param visibleAfter s */
export function stopsBy(cause: CauseName, visibleAfter = 0): Declaration {
  return { causes: [cause], visibleAfter };
}
