"""Policy servers for the tests: `peer_server.py openpi|gr00t`. Prints the port, then serves.

A port may be named after the protocol. Both answer with the arm's own joint positions, one step further at each waypoint. The instruction "fail" makes them
fail, "hang" keeps them silent, "nan" answers with what is not a number, "narrow" with an array of another shape.
"""

import asyncio
import io
import sys
import time
import traceback

import msgpack
import numpy as np

HORIZON = 6
PORT = int(sys.argv[2]) if len(sys.argv) > 2 else 0


def openpi():
    import websockets.asyncio.server as server
    from openpi_client import msgpack_numpy

    def infer(observation):
        prompt = observation["prompt"]
        if prompt == "fail":
            raise ValueError("the policy is out of order")
        if prompt == "hang":
            time.sleep(3)
        image = observation["observation/image"]
        assert image.dtype == np.uint8 and image.shape == (224, 224, 3), (image.dtype, image.shape)
        joints = observation["observation/joint_position"]
        assert joints.dtype == np.float32 and joints.shape == (7,), (joints.dtype, joints.shape)
        steps = np.arange(1, HORIZON + 1)[:, None]
        actions = np.concatenate([joints + 0.01 * steps, np.full((HORIZON, 1), image.mean() / 255)], axis=1)
        if prompt == "nan":
            actions[2, 3] = np.nan
        if prompt == "narrow":
            actions = actions[:, :5]
        return {"actions": actions.astype(np.float64), "server_timing": {"infer_ms": np.float64(1.5)}}

    async def handle(websocket):
        packer = msgpack_numpy.Packer()
        await websocket.send(packer.pack({"name": "peer", "scales": np.ones(2, np.float32)}))
        try:
            while True:
                observation = msgpack_numpy.unpackb(await websocket.recv())
                await websocket.send(packer.pack(infer(observation)))
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

    def act(data):
        observation = data["observation"]
        [[text]] = observation["language"]["annotation.human.coarse_action"]
        if text == "fail":
            raise ValueError("the policy is out of order")
        video = observation["video"]["ego_view"]
        assert video.dtype == np.uint8 and video.shape == (1, 2, 240, 320, 3), (video.dtype, video.shape)
        eef = observation["state"]["right_wrist_eef"]
        assert eef.dtype == np.float32 and eef.shape == (1, 1, 9), (eef.dtype, eef.shape)
        hand = observation["state"]["right_hand_joints"]
        steps = np.zeros((1, HORIZON, 9), np.float32)
        steps[..., 2] = 0.01 * np.arange(1, HORIZON + 1)
        # Fortran's order, which clients must honour.
        return [{"right_wrist_eef": np.asfortranarray(eef + steps), "right_hand_joints": np.repeat(hand, HORIZON, 1)}, {}]

    socket = zmq.Context().socket(zmq.REP)
    print(socket.bind_to_random_port("tcp://127.0.0.1"), flush=True)
    while True:
        request = msgpack.unpackb(socket.recv(), object_hook=from_wire)
        data = request.get("data")
        if data and data["observation"]["language"]["annotation.human.coarse_action"] == [["hang"]]:
            time.sleep(3)
        try:
            reply = {
                "ping": lambda: {"status": "ok"},
                "get_modality_config": lambda: {
                    "video": {"modality_keys": ["ego_view"]},
                    "state": {"modality_keys": ["right_wrist_eef", "right_hand_joints"]},
                    "action": {"modality_keys": ["right_wrist_eef", "right_hand_joints"]},
                },
                "get_action": lambda: act(data),
            }[request["endpoint"]]()
        except Exception as error:
            reply = {"error": str(error)}
        socket.send(msgpack.packb(reply, default=to_wire))


{"openpi": openpi, "gr00t": gr00t}[sys.argv[1]]()
