import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';

const ROOT = new URL('../../../', import.meta.url);

/** Fields and constants of an interface file that no comment explains, neither above them nor behind. */
function uncommented(text: string): string[] {
  let above = false;
  const missing: string[] = [];
  for (const line of text.split('\n')) {
    if (line.startsWith('#')) above = true;
    else if (line.trim() === '' || line === '---') above = false;
    else {
      if (!above && !line.includes('#')) missing.push(line);
      above = false;
    }
  }
  return missing;
}

describe('interfaces', () => {
  const cmake = readFileSync(new URL('CMakeLists.txt', ROOT), 'utf8');

  for (const folder of ['msg', 'srv', 'action']) {
    for (const file of readdirSync(new URL(folder, ROOT))) {
      it(`${folder}/${file} explains every field and is built`, () => {
        expect(uncommented(readFileSync(new URL(`${folder}/${file}`, ROOT), 'utf8'))).to.deep.equal([]);
        expect(cmake).to.include(`  ${folder}/${file}\n`);
      });
    }
  }
});
