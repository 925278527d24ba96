import rclnodejs from 'rclnodejs';

/** Primary states of a lifecycle node (REP-2002), as `lifecycle_msgs/msg/State` labels them. */
export type LifecycleState = 'unconfigured' | 'inactive' | 'active' | 'finalized';

/** Transitions that can be asked for, as `lifecycle_msgs/msg/Transition` labels them. */
export type Transition = 'configure' | 'activate' | 'deactivate' | 'cleanup' | 'shutdown';

const IDS: ReadonlyMap<number, Transition> = new Map([
  [1, 'configure'],
  [2, 'cleanup'],
  [3, 'activate'],
  [4, 'deactivate'],
  [5, 'shutdown'],
  [6, 'shutdown'],
  [7, 'shutdown'],
]);

/** Does the work of a transition; rejects to forbid it. */
type Work = (transition: Transition, from: LifecycleState) => Promise<void>;

interface ChangeStateResponse {
  readonly template: { success: boolean };
  send(response: { success: boolean }): void;
}

const { LifecycleNode, CallbackReturnValue } = rclnodejs.lifecycle;

/**
 * rclnodejs' lifecycle node, except that transitions may take their time: rclnodejs' callbacks are synchronous, so the
 * work is done first, in the old state, and the transition follows in an instant. The service answers afterwards. A
 * transition that is asked for meanwhile is refused.
 */
export class AsyncLifecycleNode extends LifecycleNode {
  #work: Work = async () => {};
  #changed: () => void = () => {};
  #busy: Promise<boolean> | undefined;
  #state: LifecycleState = 'unconfigured';

  /** Sets what does the work, and what is called after each transition. */
  setWork(work: Work, changed: () => void): void {
    this.#work = work;
    this.#changed = changed;
  }

  get state(): LifecycleState {
    return this.#state;
  }

  /** The transition in progress, or undefined. */
  get busy(): Promise<boolean> | undefined {
    return this.#busy;
  }

  /** @returns whether the transition was made; false when it is not possible from this state or its work failed */
  async transition(transition: Transition): Promise<boolean> {
    if (this.#busy !== undefined) return false;
    this.#busy = this.#transition(transition);
    try {
      return await this.#busy;
    } finally {
      this.#busy = undefined;
    }
  }

  async #transition(transition: Transition): Promise<boolean> {
    const from = this.#state;
    if (!TRANSITIONS[from].includes(transition)) {
      this.getLogger().warn(`cannot ${transition}: the node is ${from}`);
      return false;
    }
    try {
      await this.#work(transition, from);
    } catch (error) {
      this.getLogger().error(`${transition} failed: ${(error as Error).message}`);
      return false;
    }
    const result = new CallbackReturnValue();
    const { label } = this[transition](result) as unknown as { readonly label: LifecycleState };
    this.#state = label;
    this.#changed();
    return result.isSuccess();
  }

  /** Overrides what rclnodejs calls for the service ~/change_state. */
  async _onChangeState(
    { transition: { id, label } }: { transition: { id: number; label: string } },
    response: ChangeStateResponse,
  ): Promise<void> {
    const transition = label === '' ? IDS.get(id) : [...IDS.values()].find((known) => known === label);
    const success = transition !== undefined && (await this.transition(transition));
    response.send({ ...response.template, success });
  }
}

const TRANSITIONS: Readonly<Record<LifecycleState, readonly Transition[]>> = {
  unconfigured: ['configure', 'shutdown'],
  inactive: ['activate', 'cleanup', 'shutdown'],
  active: ['deactivate', 'shutdown'],
  finalized: [],
};
