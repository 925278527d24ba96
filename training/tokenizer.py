"""Word-level tokenizer, stored as a Hugging Face `tokenizer.json`: lower case, split at spaces and punctuation.

The model type is WordPiece with a vocabulary of whole words only. That makes it word-level (a word is in the
vocabulary or it is [UNK]), in the form that both the Rust and the JavaScript library read. The JavaScript library does
not pad; ids past the sentence are [PAD] = 0.
"""

from collections.abc import Iterable

import torch
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

PAD, UNKNOWN = '[PAD]', '[UNK]'
UNKNOWN_ID = 1


def train_tokenizer(instructions: Iterable[str], length: int, vocabulary: int) -> Tokenizer:
    """Builds the tokenizer whose vocabulary is the words of the instructions, in alphabetical order.

    `length` is the number of ids that every sentence is padded or cut to; `vocabulary` the largest number of words.
    """
    return _build([PAD, UNKNOWN, *sorted(_words(instructions))], length, vocabulary)


def extend_tokenizer(tokenizer: Tokenizer, instructions: Iterable[str], length: int, vocabulary: int) -> Tokenizer:
    """Adds the words that a tokenizer lacks; those that it has keep their ids."""
    known = sorted(tokenizer.get_vocab(), key=tokenizer.get_vocab().get)
    return _build([*known, *sorted(_words(instructions) - set(known))], length, vocabulary)


def _splitter() -> pre_tokenizers.PreTokenizer:
    return pre_tokenizers.Split(Regex(r'[\s\p{P}\p{S}]+'), 'removed')


def _words(instructions: Iterable[str]) -> set[str]:
    normaliser, splitter = normalizers.Lowercase(), _splitter()
    return {word for text in instructions for word, _ in splitter.pre_tokenize_str(normaliser.normalize_str(text))}


def _build(words: list[str], length: int, vocabulary: int) -> Tokenizer:
    ids = {word: index for index, word in enumerate(words)}
    if len(ids) > vocabulary:
        raise ValueError(f'{len(ids)} words in the instructions, but model.vocabulary is {vocabulary}: raise it')
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token=UNKNOWN, max_input_chars_per_word=64))
    tokenizer.normalizer = normalizers.Lowercase()
    tokenizer.pre_tokenizer = _splitter()
    tokenizer.add_special_tokens([AddedToken(PAD, special=True), AddedToken(UNKNOWN, special=True)])
    tokenizer.enable_truncation(length)
    tokenizer.enable_padding(pad_id=0, pad_token=PAD, length=length)
    return tokenizer


def encode(tokenizer: Tokenizer, instructions: list[str]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids, int64 [n, length], and mask, float32 [n, length], 1 where the token is a real one."""
    encodings = tokenizer.encode_batch(instructions)
    ids = torch.tensor([e.ids for e in encodings], dtype=torch.int64)
    mask = torch.tensor([e.attention_mask for e in encodings], dtype=torch.float32)
    return ids, mask
