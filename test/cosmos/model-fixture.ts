import { createHash } from 'node:crypto';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

/** A network of the real shapes with few, untrained weights. */
export const MODEL = resolve('test/fixtures/cosmos3_tiny');

/** A copy of {@link MODEL} in a new folder, to be damaged. */
export function copyModel(): string {
  const folder = mkdtempSync(join(tmpdir(), 'model-'));
  cpSync(MODEL, folder, { recursive: true });
  return folder;
}

/** Changes the card in `folder`. */
// biome-ignore lint/suspicious/noExplicitAny: tests write cards that the type forbids
export function editCard(folder: string, edit: (card: any) => void): void {
  const path = join(folder, 'card.json');
  const card = JSON.parse(readFileSync(path, 'utf8'));
  edit(card);
  writeFileSync(path, JSON.stringify(card, undefined, 2));
}

/** Replaces a file in `folder` and enters its hash in the card. */
export function replaceFile(folder: string, name: string, bytes: Uint8Array | string): void {
  writeFileSync(join(folder, name), bytes);
  editCard(folder, (card) => {
    card.files[name] = { sha256: createHash('sha256').update(bytes).digest('hex') };
  });
}
