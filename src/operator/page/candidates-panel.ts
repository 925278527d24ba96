import { byId, make, say } from './dom.js';
import type { ActionPrediction, DiagnosticArray } from './messages.js';

/** Components of nodes that say why an action was refused. */
const REFUSERS = ['action_decoder: chunks', 'cosmos_inference: inference'];

/** What the policy proposes, how far it is to be trusted, and why something of it is not carried out. */
export class CandidatesPanel {
  readonly #refusals = new Map<string, string>();

  observe(prediction: ActionPrediction): void {
    const { policy, confidence, feasibility, num_candidates: count, weights, best, rejections } = prediction;
    say(byId('policy'), policy);
    const percent = (share: number) => `${(100 * share).toFixed(0)} %`;
    const figures = { confidence: percent(confidence), feasible: percent(feasibility), candidates: String(count) };
    byId('trust').replaceChildren(
      ...Object.entries(figures).map(([name, value]) => make('div', '', make('dt', '', name), make('dd', '', value))),
    );
    const rows = Array.from({ length: count }, (_, i) => {
      const bar = make('i');
      bar.style.width = `${100 * weights[i]!}%`;
      const away = `${(100 * distance(prediction, i)).toFixed(1)} cm off`;
      const why = i === best ? 'carried out' : `${away}: ${rejections[i]}`;
      const name = `${i + 1}: ${percent(weights[i]!)}`;
      return make(
        'li',
        i === best ? 'best' : '',
        make('span', '', name),
        make('span', 'bar', bar),
        make('span', '', why),
      );
    });
    byId('candidates').replaceChildren(...rows);
  }

  observeDiagnostics({ status }: DiagnosticArray): void {
    for (const { name, level, message } of status) {
      const refuser = REFUSERS.find((known) => name.endsWith(known));
      if (refuser === undefined) continue;
      if (level === 0) this.#refusals.delete(refuser);
      else this.#refusals.set(refuser, `${refuser.replace(/:.*/, '')}: ${message}`);
    }
    say(byId('refusal'), [...this.#refusals.values()].join('; '));
  }
}

/** Farthest that a candidate's waypoint is from the same of the best one, m. */
function distance({ candidates, horizon, dimension, best }: ActionPrediction, index: number): number {
  let most = 0;
  for (let k = 0; k < horizon; k++) {
    const [a, b] = [(index * horizon + k) * dimension, (best * horizon + k) * dimension];
    const step = [0, 1, 2].map((axis) => candidates[a + axis]! - candidates[b + axis]!);
    most = Math.max(most, Math.hypot(...step));
  }
  return most;
}
