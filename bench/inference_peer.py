"""Runs a model's networks with ONNX Runtime: inference_peer.py FOLDER, called by bench/inference.ts.

FOLDER holds job.json and the inputs' raw numbers. Then each line of standard input names a stage, which is run once; the
answer is a line of JSON: the time in ms, and the actions where the stage makes some.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import onnxruntime

folder = Path(sys.argv[1])
job = json.loads((folder / "job.json").read_text())


def session(path: str) -> onnxruntime.InferenceSession:
    """A network with the same options as in the runtime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = job["threads"]
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])


def tensor(name: str) -> np.ndarray:
    """An input, as the benchmark has written it."""
    described = job["tensors"][name]
    return np.fromfile(folder / name, dtype=described["type"]).reshape(described["shape"])


networks = {name: session(path) for name, path in job["networks"].items()}
observation = {name: tensor(name) for name in ("image", "proprioception", "tokens", "token_mask")}
noise, gumbel, context = tensor("noise"), tensor("gumbel"), tensor("context")
K = len(noise)
arm = np.full(K, job["arm"], np.float32)
none = np.zeros((K, 8), np.float32)
latent = networks["encoder"].run(["latent"], observation)[0]


def encode() -> np.ndarray:
    return networks["encoder"].run(None, observation)[0]


def flow(latent: np.ndarray, steps: int, subgoal: np.ndarray) -> np.ndarray:
    """x <- x + v(x, t) / steps, from the noise on."""
    state = noise.copy()
    for step in range(steps):
        at = np.full(K, step / steps, np.float32)
        feeds = {"latent": latent, "noisy_actions": state, "time": at, "arm": arm, "subgoal": subgoal}
        # In double precision, as in the runtime.
        state = (state + networks["decoder"].run(None, feeds)[0].astype(np.float64) / steps).astype(np.float32)
    return state


def whole() -> np.ndarray:
    seen = encode()
    actions = flow(seen, job["steps"], none)
    networks["critic"].run(None, {"latent": seen, "actions": actions, "arm": arm})
    return actions


def hierarchical() -> np.ndarray:
    return flow(latent, job["steps"], networks["subgoal"].run(None, {"latent": latent, "arm": arm})[0])


def autoregressive() -> None:
    networks["autoregressive"].run(None, {"latent": latent, "arm": arm, "noise": gumbel})


def world(pictures: bool) -> None:
    feeds = {"latent": latent, "actions": noise[:1], "arm": arm[:1]}
    codes = networks["world"].run(["visual_codes"] if pictures else None, feeds)[0]
    if pictures:
        known = np.ones(len(context), np.float32)
        networks["video_decoder"].run(None, {"codes": codes[0], "context": context, "known": known})


stages = {
    "encoder": lambda: (encode(), None)[1],
    "whole": whole,
    "hierarchical": hierarchical,
    "autoregressive": autoregressive,
    "world": lambda: world(False),
    "world_pictures": lambda: world(True),
}
for count in job["decoder_steps"]:
    stages[f"decoder_{count}_steps"] = lambda count=count: flow(latent, count, none)

print(json.dumps("ready"), flush=True)
for line in sys.stdin:
    run = stages[line.strip()]
    begin = time.perf_counter()
    actions = run()
    took = 1e3 * (time.perf_counter() - begin)
    answer = {"time": took}
    if actions is not None:
        answer["actions"] = actions.ravel().tolist()
    print(json.dumps(answer), flush=True)
