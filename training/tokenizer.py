"""Word-level tokenizer, stored as a Hugging Face `tokenizer.json`: lower case, split at spaces and punctuation.

The model type is WordPiece with a vocabulary of whole words only. That makes it word-level (a word is in the
vocabulary or it is [UNK]), in the form that both the Rust and the JavaScript library read. The JavaScript library does
not pad; ids past the sentence are [PAD] = 0.
"""

from collections.abc import Iterable

import torch
from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers

PAD, UNKNOWN = '[PAD]', '[UNK]'


def train_tokenizer(instructions: Iterable[str], length: int, vocabulary: int) -> Tokenizer:
    """Builds the tokenizer whose vocabulary is the words of the instructions, in alphabetical order.

    `length` is the number of ids that every sentence is padded or cut to; `vocabulary` the largest number of words.
    """
    normaliser = normalizers.Lowercase()
    splitter = pre_tokenizers.Split(Regex(r'[\s\p{P}\p{S}]+'), 'removed')
    words = sorted(
        {word for text in instructions for word, _ in splitter.pre_tokenize_str(normaliser.normalize_str(text))}
    )
    ids = {word: index for index, word in enumerate([PAD, UNKNOWN, *words])}
    if len(ids) > vocabulary:
        raise ValueError(f'{len(ids)} words in the instructions, but model.vocabulary is {vocabulary}: raise it')
    tokenizer = Tokenizer(models.WordPiece(ids, unk_token=UNKNOWN, max_input_chars_per_word=64))
    tokenizer.normalizer = normaliser
    tokenizer.pre_tokenizer = splitter
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
