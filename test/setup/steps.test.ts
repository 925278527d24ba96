import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';

const { StepRunner, hashOf, hashOfFiles } = await import(new URL('../../../setup/steps.mjs', import.meta.url).href);

describe('set-up steps', () => {
  let folder: string;
  let runs: number;
  let output: string;

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'steps-'));
    runs = 0;
    output = '';
  });

  afterEach(() => rmSync(folder, { recursive: true }));

  const runner = () =>
    new StepRunner(folder, (text: string) => {
      output += text;
    });

  function step(inputs: string, action: unknown = () => {}) {
    const product = join(folder, 'product');
    const counted = async (run: unknown) => {
      runs++;
      writeFileSync(product, '');
      await (action as (run: unknown) => Promise<void>)(run);
    };
    return { name: 'one', title: 'one', inputs, outputs: [product], hint: 'Install it.', action: counted };
  }

  it('runs a step once, and again when its inputs change or its outputs are gone', async () => {
    await runner().run(step('1'));
    expect(output).to.match(/one .* \d\.\d s/);
    await runner().run(step('1'));
    expect(runs).to.equal(1);
    await runner().run(step('2'));
    expect(runs).to.equal(2);
    rmSync(join(folder, 'product'));
    await runner().run(step('2'));
    expect(runs).to.equal(3);
  });

  it('says why a step failed and what to do, and runs it again the next time', async () => {
    const failing = (run: (command: string, args: string[]) => Promise<void>) =>
      run('sh', ['-c', 'echo broken; exit 3']);
    let message = '';
    await runner()
      .run(step('1', failing))
      .catch((error: Error) => {
        message = error.message;
      });
    expect(message).to.match(/broken.*ended with exit code 3.*Install it\./s);
    expect(readFileSync(join(folder, 'log/one.log'), 'utf8')).to.include('broken');
    expect(existsSync(join(folder, 'stamps/one'))).to.equal(false);
    await runner().run(step('1'));
    expect(runs).to.equal(2);
  });

  it('hashes names and contents of files below folders', () => {
    const source = join(folder, 'source');
    mkdirSync(source);
    writeFileSync(join(source, 'a'), 'x');
    const first = hashOfFiles(source, join(folder, 'missing'));
    expect(hashOfFiles(source)).to.equal(first);
    writeFileSync(join(source, 'b'), '');
    expect(hashOfFiles(source)).not.to.equal(first);
    expect(hashOf('a', 'bc')).not.to.equal(hashOf('ab', 'c'));
  });
});
