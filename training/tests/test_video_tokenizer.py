import pytest
import torch

from training.config import VideoConfig
from training.train_video import reconstruction_loss
from training.video_tokenizer import VideoTokenizer


@pytest.fixture
def tokenizer():
    torch.manual_seed(0)
    return VideoTokenizer(VideoConfig(width=16), 48, 64)


def test_a_frame_is_64_times_fewer_tokens(tokenizer):
    frame = torch.rand(2, 3, 48, 64)
    codes = tokenizer.encode(frame, frame, torch.ones(2))
    assert codes.shape == (2, 48, 6) and 48 * 64 // codes.shape[1] == 64


def test_codes_lie_on_their_levels_and_are_tokens(tokenizer):
    codes = tokenizer.quantise(torch.randn(5, 48, 6) * 3)
    assert codes.abs().max() <= 1
    tokens = tokenizer.tokens(codes)
    assert tokens.min() == 0 and [int(t) for t in tokens.amax(dim=(0, 1))] == [7, 7, 7, 4, 4, 4]
    torch.testing.assert_close(tokenizer.codes(tokens), codes)
    assert tokens[..., 0].unique().tolist() == list(range(8)) and tokens[..., 5].unique().tolist() == list(range(5))


def test_likely_tokens_give_their_codes_and_a_low_loss(tokenizer):
    tokens = torch.stack([torch.randint(0, levels, (4, 48)) for levels in tokenizer.config.levels], dim=-1)
    logits = [20.0 * torch.nn.functional.one_hot(tokens[..., i], n) for i, n in enumerate(tokenizer.config.levels)]
    logits = torch.cat(logits, dim=-1)
    codes = tokenizer.codes(tokens)
    torch.testing.assert_close(tokenizer.expected_codes(logits), codes, atol=1e-5, rtol=0)
    assert tokenizer.loss_of_logits(logits, codes) < 1e-4


def test_an_unknown_context_has_no_influence(tokenizer):
    frame, context, none = torch.rand(1, 3, 48, 64), torch.rand(1, 3, 48, 64), torch.zeros(1)
    codes = tokenizer.encode(frame, context, none)
    assert torch.equal(codes, tokenizer.encode(frame, 0 * context, none))
    black = 0 * context
    assert not torch.equal(tokenizer.encode(frame, context, none + 1), codes)
    assert tokenizer.decode(codes, black, none).shape == frame.shape


def test_learns_a_picture(tokenizer):
    frame = torch.rand(4, 3, 6, 8).repeat_interleave(8, dim=2).repeat_interleave(8, dim=3)
    frame = (255 * frame).to(torch.uint8)
    optimizer = torch.optim.AdamW(tokenizer.parameters(), lr=3e-3)
    losses = []
    for _ in range(200):
        loss = reconstruction_loss(tokenizer, frame, 0 * frame, torch.zeros(4))
        losses.append(loss.item())
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
    assert losses[-1] < 0.4 * losses[0]
