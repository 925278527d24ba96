"""Policy servers for the tests: `peer_server.py openpi|cosmos3|gr00t|kserve [PORT]`. Prints the port, then serves.

All answer with the arm's own joint positions (kserve: with a hand's pose), one step further at each waypoint. The
instruction makes them misbehave: "slow" (0.6 s), "hang" (3 s), "fail", "nan", "narrow" (fewer columns), "garbage" (bytes
that mean nothing), "huge" (a gigabyte).

openpi's WebSocket server is written for the tests; with OPENPI_SERVER=FILE it is the project's own
(src/openpi/serving/websocket_policy_server.py), which says neither "garbage" nor "huge".
"""

import asyncio
import io
import json
import os
import socket
import sys
import time
import traceback
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import msgpack
import numpy as np

HORIZON = 6
HUGE = 10**9
CHUNK = bytes(1 << 20)
PROTOCOL = sys.argv[1]
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 0


def wait(prompt):
    time.sleep({"slow": 0.6, "hang": 3}.get(prompt, 0))


def spoil(prompt, actions):
    """Makes an answer wrong: HORIZON × D."""
    if prompt == "fail":
        raise ValueError("the policy is out of order")
    if prompt == "nan":
        actions[2, 3] = np.nan
    return actions[:, :5] if prompt == "narrow" else actions


class Policy:
    """DROID's joints and gripper, in openpi's words."""

    def __init__(self, key):
        self.key = key

    def infer(self, observation):
        prompt = observation["prompt"]
        wait(prompt)
        image = observation["observation/image"]
        assert image.dtype == np.uint8 and image.shape == (224, 224, 3), (image.dtype, image.shape)
        joints = observation["observation/joint_position"]
        assert joints.dtype == np.float32 and joints.shape == (7,), (joints.dtype, joints.shape)
        steps = np.arange(1, HORIZON + 1)[:, None]
        actions = np.concatenate([joints + 0.01 * steps, np.full((HORIZON, 1), image.mean() / 255)], axis=1)
        return {self.key: spoil(prompt, actions), "server_timing": {"infer_ms": np.float64(1.5)}}

    def reset(self):
        pass


METADATA = {"name": "peer", "scales": np.ones(2, np.float32)}


def openpi(key):
    if file := os.environ.get("OPENPI_SERVER"):
        return own_openpi(file, key)
    import websockets.asyncio.server as server
    from openpi_client import msgpack_numpy

    policy = Policy(key)

    async def flood(websocket):
        # A binary frame of HUGE bytes, which is not kept in memory here.
        websocket.transport.write(b"\x82\x7f" + HUGE.to_bytes(8, "big"))
        for _ in range(HUGE // len(CHUNK)):
            websocket.transport.write(CHUNK)
            await asyncio.sleep(0.01)
            if websocket.transport.is_closing():
                return

    async def handle(websocket):
        packer = msgpack_numpy.Packer()
        await websocket.send(packer.pack(METADATA))
        try:
            while True:
                observation = msgpack_numpy.unpackb(await websocket.recv())
                if observation["prompt"] == "huge":
                    await flood(websocket)
                garbage = observation["prompt"] == "garbage"
                await websocket.send(b"\xc1\xc1" if garbage else packer.pack(policy.infer(observation)))
        except ValueError:
            await websocket.send(traceback.format_exc())
            await websocket.close(code=1011, reason="Internal server error.")
        except Exception:
            pass

    async def serve():
        async with server.serve(handle, "127.0.0.1", PORT, compression=None, max_size=None) as running:
            print(running.sockets[0].getsockname()[1], flush=True)
            await running.serve_forever()

    asyncio.run(serve())


def own_openpi(file, key):
    import importlib.util
    import threading

    spec = importlib.util.spec_from_file_location("websocket_policy_server", file)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    port = PORT
    if port == 0:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    server = module.WebsocketPolicyServer(Policy(key), "127.0.0.1", port, METADATA)

    def announce():
        while True:
            try:
                socket.create_connection(("127.0.0.1", port)).close()
                return print(port, flush=True)
            except OSError:
                time.sleep(0.02)

    threading.Thread(target=announce, daemon=True).start()
    server.serve_forever()


def gr00t():
    import zmq

    def to_wire(value):
        if isinstance(value, np.ndarray):
            file = io.BytesIO()
            np.save(file, value, allow_pickle=False)
            return {"__ndarray_class__": True, "as_npy": file.getvalue()}
        raise TypeError(type(value))

    def from_wire(value):
        if "__ndarray_class__" in value:
            return np.load(io.BytesIO(value["as_npy"]), allow_pickle=False)
        return value

    def act(observation, prompt):
        video = observation["video"]["ego_view"]
        assert video.dtype == np.uint8 and video.shape == (1, 2, 240, 320, 3), (video.dtype, video.shape)
        eef = observation["state"]["right_wrist_eef"]
        assert eef.dtype == np.float32 and eef.shape == (1, 1, 9), (eef.dtype, eef.shape)
        hand = observation["state"]["right_hand_joints"]
        steps = np.repeat(eef[0], HORIZON, 0)
        steps[:, 2] += 0.01 * np.arange(1, HORIZON + 1)
        # Fortran's order, which clients must honour.
        eefs = np.asfortranarray(spoil(prompt, steps)[None])
        return [{"right_wrist_eef": eefs, "right_hand_joints": np.repeat(hand, HORIZON, 1)}, {}]

    endpoint = zmq.Context().socket(zmq.REP)
    endpoint.bind(f"tcp://127.0.0.1:{PORT or '*'}")
    print(endpoint.getsockopt(zmq.LAST_ENDPOINT).decode().rsplit(":", 1)[1], flush=True)
    while True:
        request = msgpack.unpackb(endpoint.recv(), object_hook=from_wire)
        prompt = ""
        if data := request.get("data"):
            observation = data["observation"]
            [[prompt]] = observation["language"]["annotation.human.coarse_action"]
            wait(prompt)
        if prompt in ("garbage", "huge"):
            endpoint.send(b"\xc1\xc1" if prompt == "garbage" else bytes(HUGE), copy=False)
            continue
        try:
            reply = {
                "ping": lambda: {"status": "ok"},
                "get_modality_config": lambda: {
                    "video": {"modality_keys": ["ego_view"]},
                    "state": {"modality_keys": ["right_wrist_eef", "right_hand_joints"]},
                    "action": {"modality_keys": ["right_wrist_eef", "right_hand_joints"]},
                },
                "get_action": lambda: act(observation, prompt),
            }[request["endpoint"]]()
        except Exception as error:
            reply = {"error": str(error)}
        endpoint.send(msgpack.packb(reply, default=to_wire))


def kserve():
    header_length = "Inference-Header-Content-Length"
    model = {
        "name": "cosmos3_super",
        "inputs": [
            {"name": "image", "datatype": "UINT8", "shape": [-1, 1, 240, 320, 3]},
            {"name": "arm", "datatype": "FP32", "shape": [-1, 7]},
            {"name": "hand", "datatype": "FP32", "shape": [-1, 7]},
            {"name": "instruction", "datatype": "BYTES", "shape": [-1]},
        ],
        "outputs": [{"name": "action", "datatype": "FP32", "shape": [-1, HORIZON, 7]}],
    }

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_):
            pass

        def answer(self, status, body, headers={}):
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self):
            self.answer(200, b"" if self.path.endswith("ready") else json.dumps(model).encode())

        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            at = int(self.headers[header_length])
            values = {}
            for tensor in json.loads(body[:at])["inputs"]:
                size = tensor["parameters"]["binary_data_size"]
                values[tensor["name"]] = body[at : at + size]
                at += size
            prompt = values["instruction"][4:].decode()
            wait(prompt)
            if prompt == "garbage":
                return self.answer(200, b"\xc1\xc1")
            if prompt == "huge":
                # Without its length, so that it is only known by its coming.
                self.send_response(200)
                self.send_header("Connection", "close")
                self.end_headers()
                for _ in range(HUGE // len(CHUNK)):
                    self.wfile.write(CHUNK)
                return
            try:
                actions = np.zeros((HORIZON, 7))
                actions[:, 2] = 0.01 * np.arange(1, HORIZON + 1)
                actions = spoil(prompt, actions).astype("<f4")
            except ValueError as error:
                return self.answer(500, json.dumps({"error": str(error)}).encode())
            data = actions.tobytes()
            parameters = {"binary_data_size": len(data)}
            output = {"name": "action", "datatype": "FP32", "shape": [1, *actions.shape], "parameters": parameters}
            head = json.dumps({"outputs": [output]}).encode()
            self.answer(200, head + data, {header_length: str(len(head))})

        def handle(self):
            try:
                super().handle()
            except ConnectionError:
                pass

    server = ThreadingHTTPServer(("127.0.0.1", PORT), Handler)
    print(server.server_address[1], flush=True)
    server.serve_forever()


{
    "openpi": lambda: openpi("actions"),
    "cosmos3": lambda: openpi("action"),
    "gr00t": gr00t,
    "kserve": kserve,
}[PROTOCOL]()
