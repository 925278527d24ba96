import type rclnodejs from 'rclnodejs';
import type { Answer, TaskRecord } from '../operator/control-protocol.js';
import type { RosNode } from './ros-node.js';

const ACTION = 'cosmos_humanoid/action/ExecuteInstruction';
/** Time that task_executive has to take an instruction, s. */
const PATIENCE = 3;

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
      const goal = await this.#client.sendGoal({ instruction, timeout: 0 }, (feedback) => {
        const { stage, progress, confidence, elapsed } = feedback as unknown as Feedback;
        this.#report({ stage, progress, confidence, elapsed });
      });
      if (!goal.isAccepted()) throw new Error('task_executive is busy with something else');
      this.#goal = goal;
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
    await this.#goal.cancelGoal();
    return { success: true, message: 'cancelled' };
  }

  async #follow(goal: Goal): Promise<void> {
    let outcome: Answer;
    try {
      const { success, message } = (await goal.getResult()) as unknown as Answer;
      outcome = { success, message };
    } catch (error) {
      outcome = { success: false, message: (error as Error).message };
    }
    if (this.#goal !== goal) return;
    this.#report({ outcome, ...(outcome.success ? { progress: 1 } : {}) });
    this.#task = undefined;
    this.#goal = undefined;
  }

  #report(news: Partial<TaskRecord>): void {
    if (this.#task === undefined) return;
    this.#task = { ...this.#task, ...news };
    this.#tell(this.#task);
  }
}
