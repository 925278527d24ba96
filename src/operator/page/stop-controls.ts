import type { Answer } from '../control-protocol.js';
import type { ControlLink } from './control-link.js';
import { byId, say } from './dom.js';
import type { ControllerState, SafetyState } from './messages.js';
import { seconds } from './messages.js';

/** A stop that the loop has not confirmed after this time is not to be relied upon, ms. */
const CONFIRMATION = 1000;
/** After the simulation has started anew, resets are tried for this time, ms. */
const RESETTING = 10_000;
/** As in ControllerState.msg. */
const DAMPING = 3;
const MODES = ['the robot runs', 'the robot holds', 'the robot crouches', 'the drives damp, no stiffness'];
const LEVELS = ['No stop', 'Warning', 'Protective stop', 'Emergency stop'];
const CATEGORIES: Readonly<Record<number, string>> = {
  0: 'stiffness is off, the drives damp the motion',
  1: 'it moves to the crouch, then the drives damp',
  2: 'it slows down and holds, power on',
};

/** The stops, their keys and the reset, and a fresh start of the simulation; and what the robot says of its safety. */
export class StopControls {
  readonly #link: ControlLink;
  readonly #note = byId('stop-note');
  #safety: SafetyState | undefined;
  #controller: ControllerState | undefined;
  #allowed: readonly string[] = [];
  /** When the emergency stop was pressed, ms since the epoch; undefined once the loop has answered. */
  #pressed: number | undefined;
  /** The stop in force was asked for here. */
  #own = false;

  constructor(link: ControlLink) {
    this.#link = link;
    const stop = byId('stop');
    // Not on click, which comes only when the finger leaves.
    stop.addEventListener('pointerdown', () => this.#stop());
    stop.addEventListener('click', ({ detail }) => {
      if (detail === 0) this.#stop();
    });
    for (const kind of ['keydown', 'keyup'] as const) {
      window.addEventListener(kind, (event) => this.#key(event), { capture: true });
    }
    byId('protective').addEventListener('click', () => void this.#trigger('safety/protective_stop', 'protective stop'));
    byId('anew').addEventListener('click', () => void this.#startAnew());
    const dialog = byId<HTMLDialogElement>('confirm');
    byId('reset').addEventListener('click', () => {
      say(byId('confirm-causes'), this.#safety?.reasons.join('\n') ?? '');
      // Not modal: a modal dialog would be in the way of the emergency stop.
      document.querySelector('main')!.inert = true;
      dialog.show();
    });
    dialog.addEventListener('close', () => {
      document.querySelector('main')!.inert = false;
      if (dialog.returnValue === 'reset') void this.#trigger('safety/reset', 'reset');
      dialog.returnValue = '';
    });
  }

  /** @param names what the bridge allows */
  allow(names: readonly string[]): void {
    this.#allowed = names;
    this.#show();
  }

  /** The bridge has passed an emergency stop on, be it this page's or another's. */
  passedOn(): void {
    if (!this.#own) say(this.#note, 'emergency stop by another client');
  }

  observeSafety(state: SafetyState): void {
    this.#safety = state;
    this.#show();
  }

  observeController(state: ControllerState): void {
    this.#controller = state;
    if (this.#pressed !== undefined && state.mode === DAMPING) {
      // The loop's clock and this one are the same only where the page is looked at on the robot's machine.
      const delay = 1000 * seconds(state.mode_since) - this.#pressed;
      const local = /^(localhost|127\.|\[::1\])/.test(location.hostname) && delay >= 0;
      say(this.#note, local ? `stopped ${delay.toFixed(1)} ms after the key` : 'stopped');
      this.#pressed = undefined;
    }
    if (this.#pressed === undefined && state.mode !== DAMPING) this.#own = false;
    this.#show();
  }

  /** Forgets what the robot said, which is old. */
  lost(): void {
    this.#safety = undefined;
    this.#controller = undefined;
    this.#show();
  }

  /** Escape leaves everything as it is. Space stops, wherever the focus is, but in a field of text; a focused button takes the enter key. */
  #key(event: KeyboardEvent): void {
    const { target, code } = event;
    if (code === 'Escape') byId<HTMLDialogElement>('confirm').close();
    if (code !== 'Space' || target instanceof HTMLInputElement) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.type === 'keydown' && !event.repeat) this.#stop();
  }

  #stop(): void {
    const pressed = Date.now();
    const sent = this.#link.stop();
    this.#pressed = pressed;
    this.#own = true;
    say(this.#note, 'emergency stop sent');
    const alarm = (what: string) => {
      if (this.#pressed === pressed) say(this.#note, `EMERGENCY STOP ${what}: use the hardware stop`);
    };
    void sent.then((arrived) => {
      if (!arrived) alarm('DID NOT ARRIVE');
    });
    setTimeout(() => alarm('NOT CONFIRMED BY THE ROBOT'), CONFIRMATION);
  }

  /** A simulated robot that was stopped without stiffness hangs as no reset accepts it: it starts from its posture. */
  async #startAnew(): Promise<void> {
    this.#turnTo('placing anew …');
    let answer: Answer = await this.#link.ask({ op: 'trigger', service: 'sim/reset' });
    if (answer.success) answer = await this.#letGo();
    say(this.#note, answer.success ? 'placed anew' : `placing anew failed: ${answer.message}`);
  }

  /** Resets, which is refused until the monitor has seen where the robot is now. */
  async #letGo(): Promise<Answer> {
    const deadline = performance.now() + RESETTING;
    for (;;) {
      const answer = await this.#link.ask({ op: 'trigger', service: 'safety/reset' });
      if (answer.success || performance.now() > deadline) return answer;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  async #trigger(service: string, what: string): Promise<void> {
    this.#turnTo(`${what} …`);
    const { success, message }: Answer = await this.#link.ask({ op: 'trigger', service });
    say(this.#note, success ? `${what}: done` : `${what} refused: ${message}`);
  }

  /** Says what is done next: what the loop has yet to say of the stop before is of no interest any more. */
  #turnTo(note: string): void {
    this.#pressed = undefined;
    say(this.#note, note);
  }

  #show(): void {
    const safety = this.#safety;
    const box = byId('safety');
    box.dataset.level = safety === undefined ? 'unknown' : String(safety.level);
    say(byId('safety-word'), safety === undefined ? 'Safety state unknown' : (LEVELS[safety.level] ?? '?'));
    const parts = [
      ...(safety?.reasons ?? []).slice(0, 2),
      CATEGORIES[safety?.category ?? 255] ?? MODES[this.#controller?.mode ?? -1] ?? '',
      safety?.latched === true ? 'stays until reset' : '',
    ];
    say(byId('safety-text'), parts.filter((part) => part !== '').join(' · '));
    const mayReset = this.#allowed.includes('safety/reset');
    byId('anew').hidden = !this.#allowed.includes('sim/reset');
    byId<HTMLButtonElement>('reset').disabled = !mayReset;
    say(byId('reset-hint'), mayReset ? 'after a stop' : 'not allowed here');
  }
}
