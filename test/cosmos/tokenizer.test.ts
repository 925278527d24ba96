import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { Tokenizer } from '../../src/cosmos/tokenizer.js';
import { MODEL } from './model-fixture.js';

const json = readFileSync(join(MODEL, 'tokenizer.json'), 'utf8');

describe('Tokenizer', () => {
  const { vocab } = JSON.parse(json).model as { vocab: Record<string, number> };
  const tokenizer = new Tokenizer(json, 16);

  it('pads to a fixed length and masks the padding', () => {
    const { ids, mask, unknownWords } = tokenizer.encode('Pick up, the RED cup.');
    const expected = ['pick', 'up', 'the', 'red', 'cup'].map((word) => vocab[word]!);
    expect([...ids].map(Number)).to.deep.equal([...expected, ...new Array(11).fill(0)]);
    expect([...mask]).to.deep.equal([1, 1, 1, 1, 1, ...new Array(11).fill(0)]);
    expect(unknownWords).to.deep.equal([]);
  });

  it('reports unknown words', () => {
    const { ids, unknownWords } = tokenizer.encode('pick up the Zebra');
    expect(unknownWords).to.deep.equal(['Zebra']);
    expect(Number(ids[3])).to.equal(vocab['[UNK]']);
  });

  it('reads tokenizers that are plain word lists', () => {
    const definition = JSON.parse(json);
    definition.model = { type: 'WordLevel', vocab, unk_token: '[UNK]' };
    const words = new Tokenizer(JSON.stringify(definition), 16);
    expect(words.encode('red zebra')).to.deep.equal(tokenizer.encode('red zebra'));
  });

  it('refuses instructions that are empty or too long', () => {
    expect(() => tokenizer.encode(' .. ')).to.throw(/has no words/);
    expect(() => tokenizer.encode('cup '.repeat(17))).to.throw(/17 tokens; the policy reads at most 16/);
  });

  it('refuses files that are no tokenizer', () => {
    expect(() => new Tokenizer('{', 16, 'a.json')).to.throw(/a\.json: not a Hugging Face tokenizer/);
    expect(() => new Tokenizer(json.replaceAll('[UNK]', '[?]').replace('"unk_token"', '"none"'), 16)).to.throw(
      /unknown words/,
    );
  });
});
