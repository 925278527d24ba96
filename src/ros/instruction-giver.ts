import type rclnodejs from 'rclnodejs';
import { monotonicSeconds } from '../control/monotonic-clock.js';
import type { Answer, TaskRecord } from '../operator/control-protocol.js';
import type { RosNode } from './ros-node.js';

const ACTION = 'cosmos_humanoid/action/ExecuteInstruction';
/** Time that task_executive has to take an instruction, or to take it back, s. */
const PATIENCE = 3;
/** It says ten times a second how an instruction goes: after this silence it is gone, s. */
const SILENCE = 5;

type Goal = rclnodejs.ClientGoalHandle<typeof ACTION>;

interface Feedback {
  readonly stage: string;
  readonly progress: number;
  readonly confidence: number;
  readonly elapsed: number;
}

/** Gives instructions to task_executive, one at a time, and tells how they go. */
export class InstructionGiver {
  readonly #client: rclnodejs.ActionClient<typeof ACTION>;
  readonly #tell: (task: TaskRecord) => void;
  #task: TaskRecord | undefined;
  #goal: Goal | undefined;
  /** When something was last heard of the instruction, s. */
  #heard = 0;

  /** @param tell called with every news of an instruction */
  constructor(node: RosNode, tell: (task: TaskRecord) => void) {
    this.#client = node.createActionClient(ACTION, 'execute_instruction');
    this.#tell = tell;
  }

  /** @returns whether it was taken; how it goes is told later */
  async give(instruction: string): Promise<Answer> {
    if (this.#task !== undefined)
      return { success: false, message: `"${this.#task.instruction}" is being carried out` };
    const task = { instruction, started: Date.now(), stage: '', progress: 0, confidence: 0, elapsed: 0 };
    this.#task = { ...task, outcome: undefined };
    try {
      if (!(await this.#client.waitForServer(1000 * PATIENCE))) {
        throw new Error('task_executive does not offer execute_instruction; is it active?');
      }
      const sent = this.#client.sendGoal({ instruction, timeout: 0 }, (feedback) => {
        const { stage, progress, confidence, elapsed } = feedback as unknown as Feedback;
        this.#heard = monotonicSeconds();
        this.#report({ stage, progress, confidence, elapsed });
      });
      const goal = await answerOf(sent).catch((error: Error) => {
        // Taken after all, it is taken back: nobody waits for it any more.
        void sent.then(async (late) => {
          if (late.isAccepted()) await late.cancelGoal();
        });
        throw error;
      });
      if (!goal.isAccepted()) throw new Error('task_executive is busy with something else');
      this.#goal = goal;
      this.#heard = monotonicSeconds();
      this.#tell(this.#task);
      void this.#follow(goal);
      return { success: true, message: 'accepted' };
    } catch (error) {
      this.#task = undefined;
      return { success: false, message: (error as Error).message };
    }
  }

  /** Takes the instruction back. */
  async cancel(): Promise<Answer> {
    if (this.#goal === undefined) return { success: false, message: 'no instruction was given here' };
    try {
      const { goals_canceling: taken } = await answerOf(this.#goal.cancelGoal());
      if (taken.length > 0) return { success: true, message: 'cancelled' };
      return { success: false, message: 'task_executive does not carry it out any more' };
    } catch (error) {
      return { success: false, message: (error as Error).message };
    }
  }

  async #follow(goal: Goal): Promise<void> {
    let outcome: Answer;
    try {
      const result = goal.getResult() as unknown as Promise<Answer>;
      const { success, message } = await Promise.race([result, this.#silence(goal)]);
      outcome = { success, message };
    } catch (error) {
      outcome = { success: false, message: (error as Error).message };
    }
    if (this.#goal !== goal) return;
    this.#report({ outcome, ...(outcome.success ? { progress: 1 } : {}) });
    this.#task = undefined;
    this.#goal = undefined;
  }

  /** Rejects once nothing is heard of a goal any more: who carried it out has ended, and may have been started anew. */
  async #silence(goal: Goal): Promise<never> {
    while (this.#goal === goal && monotonicSeconds() < this.#heard + SILENCE) await pause(1);
    throw new Error(`task_executive has said nothing for ${SILENCE} s`);
  }

  #report(news: Partial<TaskRecord>): void {
    if (this.#task === undefined) return;
    this.#task = { ...this.#task, ...news };
    this.#tell(this.#task);
  }
}

/** @throws Error where task_executive, which may have ended, does not answer */
async function answerOf<T>(asked: Promise<T>): Promise<T> {
  const late = pause(PATIENCE).then(() => {
    throw new Error(`task_executive has not answered for ${PATIENCE} s`);
  });
  return Promise.race([asked, late]);
}

function pause(seconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 1000 * seconds).unref());
}
