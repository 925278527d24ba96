import json
import shutil
import subprocess
from pathlib import Path

import pytest

from training.tokenizer import encode, train_tokenizer

ROOT = Path(__file__).parents[2]
SENTENCES = ['pick up the red cup', 'Place it, please: in the BIN!', 'grüne cup_bin', "don't", '']


def test_ids_are_words_unknown_or_padding():
    tokenizer = train_tokenizer(['Pick up the red cup.', 'put the cup in the bin'], length=6, vocabulary=32)
    ids, mask = encode(tokenizer, ['the CUP, the zebra', '', 'pick up the cup in the bin'])
    words = [[tokenizer.id_to_token(i) for i in row] for row in ids.tolist()]
    assert words[0] == ['the', 'cup', 'the', '[UNK]', '[PAD]', '[PAD]']
    assert words[2] == ['pick', 'up', 'the', 'cup', 'in', 'the']
    assert (ids[1] == 0).all() and mask.sum(dim=1).tolist() == [4, 0, 6]


def test_a_vocabulary_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match=r'5 words .* model\.vocabulary is 4'):
        train_tokenizer(['one two three'], length=6, vocabulary=4)


@pytest.mark.skipif(
    not (shutil.which('node') and (ROOT / 'node_modules/@huggingface/tokenizers').exists()), reason='needs npm packages'
)
def test_the_javascript_library_gives_the_same_ids(tmp_path):
    tokenizer = train_tokenizer(['pick up the red cup', 'place it in the bin'], length=16, vocabulary=32)
    path = tmp_path / 'tokenizer.json'
    tokenizer.save(str(path))
    script = """
        import { readFileSync } from 'node:fs';
        import { Tokenizer } from '@huggingface/tokenizers';
        const tokenizer = new Tokenizer(JSON.parse(readFileSync(process.argv[1], 'utf8')), {});
        console.log(JSON.stringify(JSON.parse(process.argv[2]).map((text) => tokenizer.encode(text).ids)));
    """
    command = ['node', '--input-type=module', '--eval', script, str(path), json.dumps(SENTENCES)]
    result = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    ids, mask = encode(tokenizer, SENTENCES)
    expected = [row[: int(count)] for row, count in zip(ids.tolist(), mask.sum(dim=1), strict=True)]
    assert json.loads(result.stdout) == expected
