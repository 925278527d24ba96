import os
import subprocess
import sys
from pathlib import Path

import torch

from training.tests.conftest import CONFIGS

PROGRAM = """
import sys
from dataclasses import replace
from pathlib import Path
import torch
from training import distributed
from training.config import load_config
from training.dataset import load_demonstrations
from training.studio import Studio, object_vocabulary
from training.tokenizer import train_tokenizer
from training.trainer import Trainer
from training.video_tokenizer import VideoTokenizer
torch.set_num_threads(1)
device, rank, world = distributed.start('cpu')
config = load_config(sys.argv[1])
data = load_demonstrations([Path(sys.argv[2])], config.model)
training = replace(config.training, batch=4 * world)
config = replace(config, model=replace(config.model, bodies=object_vocabulary(data)), training=training)
torch.manual_seed(0)
video = VideoTokenizer(config.video, 48, 64).eval().requires_grad_(False)
tokenizer = train_tokenizer(data.instructions, 24, 384)
trainer = Trainer(config, Studio(data, config), torch.arange(len(data.scene)), video, tokenizer, None, rank, world)
# All processes draw the same samples: their mean gradient is then that of one process.
torch.manual_seed(5)
losses = [list(trainer.describe(*trainer.advance(0.5)).values()) for _ in range(6)]
if rank == 0:
    torch.save(torch.tensor(losses), sys.argv[3])
distributed.stop()
"""


def test_two_processes_learn_what_one_does(demonstrations, tmp_path):
    root = Path(__file__).parents[2]
    program = tmp_path / 'run.py'
    program.write_text(PROGRAM)
    environment = os.environ | {'PYTHONPATH': str(root), 'OMP_NUM_THREADS': '1'}
    launch = [sys.executable, '-m', 'torch.distributed.run', '--standalone', '--nproc-per-node', '2']
    for before, name in (([sys.executable], 'one'), (launch, 'two')):
        command = [*before, str(program), str(CONFIGS / 'tiny.yaml'), str(demonstrations), str(tmp_path / name)]
        done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stderr
    one, two = (torch.load(tmp_path / name, weights_only=True) for name in ('one', 'two'))
    torch.testing.assert_close(two, one, atol=1e-4, rtol=1e-3)
    assert (one[0] - one[-1]).abs().max() > 0.01
