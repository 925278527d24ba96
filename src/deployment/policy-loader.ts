import { CPU_EXECUTION } from '../cosmos/execution.js';
import { OnnxBackend } from '../cosmos/onnx-backend.js';
import type { PolicyBackend } from '../cosmos/policy-backend.js';
import { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import { type DeadlineCounts, withDeadline } from './deadline-session.js';
import { executionOf } from './execution.js';
import { missingFor, probeHardware, runnableTiers } from './hardware-probe.js';
import { PolicyCache, type PolicyLease } from './policy-cache.js';
import { createServedBackend, type ServedSource } from './served-source.js';
import type { Tier, TierDeployment } from './tiers.js';

/** Policies that stay loaded: the one in use and the one before. */
const CAPACITY = 2;

/** Where a policy runs; files are relative to the package. */
export type PolicySource = { readonly backend: 'onnx'; readonly model: string } | ServedSource;

/** Makes policies ready: finds out whether they can run here, loads them once, keeps the last ones. */
export class PolicyLoader {
  /** How policies with a latency budget kept to it. */
  readonly deadlines: DeadlineCounts = { answered: 0, dropped: 0 };
  readonly #robot: Robot;
  readonly #threads: number;
  readonly #locate: (file: string) => string;
  readonly #cache = new PolicyCache(CAPACITY);
  /** Of the policies that are served elsewhere. */
  #kinematics: Promise<Kinematics> | undefined;

  /**
   * @param threads CPU threads of networks that run here
   * @param locate where a file of the package is
   */
  constructor(robot: Robot, threads: number, locate: (file: string) => string) {
    this.#robot = robot;
    this.#threads = threads;
    this.#locate = locate;
  }

  /** @throws Error why the policy cannot be had, and how it can */
  open(source: PolicySource): Promise<PolicyLease> {
    return this.#cache.acquire(JSON.stringify(source), () => this.#create(source));
  }

  /**
   * The policy of a deployment tier, with its latency budget.
   * @param url of its server; that of its embodiment where it is empty
   * @throws Error that names what this computer lacks and the tiers that would run
   */
  async openTier(tier: Tier, tiers: Readonly<Record<Tier, TierDeployment>>, url = ''): Promise<PolicyLease> {
    const { serve, real_time: realTime, model } = tiers[tier];
    let execution = CPU_EXECUTION;
    if (serve.backend === 'onnx') {
      const hardware = await probeHardware();
      const missing = missingFor(tiers[tier], hardware);
      if (missing.length > 0) {
        const others = runnableTiers(tiers, hardware).join(', ') || 'none';
        throw new Error(
          `tier ${tier} (${model.name}) needs ${missing.join(', ')}; tiers that would run here: ${others}`,
        );
      }
      execution = executionOf(tier, tiers[tier], hardware);
    }
    return this.#cache.acquire(tier, async () => {
      const backend = await this.#create('embodiment' in serve ? { ...serve, url } : serve, execution);
      return realTime === undefined ? backend : withDeadline(backend, realTime.latency_budget, this.deadlines);
    });
  }

  async dispose(): Promise<void> {
    await this.#cache.dispose();
    (await this.#kinematics)?.delete();
    this.#kinematics = undefined;
  }

  async #create(source: PolicySource, execution = CPU_EXECUTION): Promise<PolicyBackend> {
    if (!('embodiment' in source)) {
      return new OnnxBackend(this.#locate(source.model), this.#robot.names, this.#threads, execution);
    }
    this.#kinematics ??= Kinematics.create(this.#robot);
    return createServedBackend(source, this.#robot, await this.#kinematics, this.#locate).backend;
  }
}
