import { type TaskRecord, withTask } from '../control-protocol.js';
import type { ControlLink } from './control-link.js';
import { byId, make, say } from './dom.js';

/** The instruction box, the progress of what is carried out, and what was. */
export class TaskPanel {
  readonly #input = byId<HTMLInputElement>('instruction');
  readonly #cancel = byId<HTMLButtonElement>('cancel');
  readonly #note = byId('task-note');
  #history: TaskRecord[] = [];

  constructor(link: ControlLink) {
    byId('instruct').addEventListener('submit', (event) => {
      event.preventDefault();
      const instruction = this.#input.value.trim();
      if (instruction === '') {
        say(this.#note, 'not sent: the instruction is empty');
        return;
      }
      // So that the space bar stops the robot from now on.
      this.#input.blur();
      say(this.#note, 'sent …');
      void link.ask({ op: 'instruct', instruction }).then(({ success, message }) => {
        say(this.#note, success ? '' : `refused: ${message}`);
      });
    });
    this.#cancel.addEventListener('click', () => void link.ask({ op: 'cancel' }));
  }

  welcome(history: readonly TaskRecord[]): void {
    this.#history = [...history];
    this.#show();
  }

  report(task: TaskRecord): void {
    this.#history = withTask(this.#history, task);
    this.#show();
  }

  /** What is carried out for whoever asked, by the topic `instruction`. */
  observeInstruction(text: string): void {
    if (this.#history.at(-1)?.outcome !== undefined || this.#history.length === 0) {
      say(byId('stage'), text === '' ? 'waiting for an instruction' : `“${text}”, asked for elsewhere`);
    }
  }

  #show(): void {
    const now = this.#history.at(-1);
    const running = now !== undefined && now.outcome === undefined;
    this.#cancel.disabled = !running;
    byId<HTMLProgressElement>('progress').value = now?.progress ?? 0;
    if (now !== undefined) {
      const { stage, elapsed, confidence, outcome } = now;
      const text = `${stage || 'starting'}, ${elapsed.toFixed(1)} s, confidence ${(100 * confidence).toFixed(0)} %`;
      say(byId('stage'), outcome === undefined ? text : outcome.success ? 'done' : 'not done');
    }
    byId('history').replaceChildren(
      ...this.#history
        .toReversed()
        .map(({ started, instruction, outcome, elapsed }) =>
          make(
            'li',
            '',
            make('time', '', new Date(started).toLocaleTimeString()),
            `“${instruction}”`,
            outcome === undefined
              ? make('span', '', 'under way')
              : make('span', outcome.success ? 'good' : 'bad', `${outcome.message} (${elapsed.toFixed(1)} s)`),
          ),
        ),
    );
    const known = [...new Set(this.#history.map(({ instruction }) => instruction))];
    byId('known').replaceChildren(...known.map((value) => Object.assign(document.createElement('option'), { value })));
  }
}
