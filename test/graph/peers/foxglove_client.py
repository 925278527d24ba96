"""A client of Foxglove's WebSocket protocol that is none of ours: `foxglove_client.py PORT`.

It uses robo-ws-bridge for the protocol and mcap-ros2-support for the messages, does what programs do with the bridge,
and prints what came of it as one JSON object.
"""

import asyncio
import json
import sys
from typing import Any

from mcap.records import Schema
from mcap_ros2.decoder import DecoderFactory
from robo_ws_bridge import WebSocketBridgeClient

PATIENCE = 30.0
"""s"""
LISTENING = 3.0
"""s"""
EMPTY = bytes([0, 1, 0, 0, 0])
"""A request without fields: the header of CDR and a byte."""


async def until(what: str, condition: Any) -> None:
    """Waits for `condition()`, at most PATIENCE; what names it."""
    for _ in range(int(PATIENCE / 0.05)):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise TimeoutError(what)


def decoder(name: str, definition: dict[str, str], encoding: str = "cdr") -> Any:
    """@returns a function that reads messages by the schema that the bridge sent along."""
    schema = Schema(id=1, name=name, encoding=definition["schemaEncoding"], data=definition["schema"].encode())
    decode = DecoderFactory().decoder_for(encoding, schema)
    assert decode is not None, (name, definition["schemaEncoding"], encoding)
    return decode


async def main(port: int) -> dict[str, Any]:
    client = WebSocketBridgeClient(f"ws://127.0.0.1:{port}/")
    messages: list[tuple[str, bytes]] = []
    client.on_message(lambda channel, _time, payload: messages.append((channel["topic"], bytes(payload))))
    await client.connect()
    topics = lambda: {channel["topic"]: channel for channel in client.channels.values()}  # noqa: E731
    services = lambda: {service["name"]: service for service in client.services.values()}  # noqa: E731
    await until("topics", lambda: "/joint_states" in topics() and "/robot_description" in topics())
    await until("services", lambda: "/safety/emergency_stop" in services())
    result: dict[str, Any] = {"capabilities": client.server_info["capabilities"]}

    for topic in ["/joint_states", "/robot_description"]:
        await client.subscribe(topic)
        await until(topic, lambda topic=topic: any(name == topic for name, _ in messages))
        channel = topics()[topic]
        payload = next(payload for name, payload in messages if name == topic)
        message = decoder(channel["schemaName"], channel, channel["encoding"])(payload)
        result[topic] = len(message.name) if topic == "/joint_states" else message.data[:200]
        await client.unsubscribe(topic)

    # Of all topics, what comes within a while, read by the schemas that came along.
    result["topics"] = sorted(topics())
    result["services"] = sorted(services())
    messages.clear()
    for topic in result["topics"]:
        await client.subscribe(topic)
    await asyncio.sleep(LISTENING)
    read = set()
    for topic, payload in messages:
        channel = topics()[topic]
        decoder(channel["schemaName"], channel, channel["encoding"])(payload)
        read.add(topic)
    result["read"] = sorted(read)
    for topic in result["topics"]:
        await client.unsubscribe(topic)
    parameters = await client.get_parameters(timeout=PATIENCE)
    result["nodes"] = sorted({parameter["name"].partition(".")[0] for parameter in parameters})

    speed = "/safety_monitor.speed_scale"
    await client.set_parameters([{"name": speed, "value": 0.5, "type": "float64"}], timeout=PATIENCE)
    result["parameter"] = (await client.get_parameters([speed], timeout=PATIENCE))[0]["value"]
    await client.set_parameters([{"name": speed, "value": 1.0, "type": "float64"}], timeout=PATIENCE)

    await client.subscribe_connection_graph()
    published = lambda: {entry["name"]: entry for entry in client.connection_graph.published_topics}  # noqa: E731
    await until("connection graph", lambda: "/joint_states" in published())
    result["publishers"] = published()["/joint_states"]["publisherIds"]
    provided = {entry["name"]: entry for entry in client.connection_graph.advertised_services}
    result["providers"] = provided["/safety/reset"]["providerIds"]

    order = await client.advertise("/test/order", encoding="cdr", schema_name="std_msgs/msg/String")
    text = b"from another client\0"
    await client.publish(order, bytes([0, 1, 0, 0]) + len(text).to_bytes(4, "little") + text)

    stop = services()["/safety/emergency_stop"]
    answer = await client.call_service(stop["id"], EMPTY, encoding="cdr", timeout=PATIENCE)
    response = decoder(stop["response"]["schemaName"], stop["response"])(answer.payload)
    result["stop"] = response.success
    await client.disconnect()
    return result


print(json.dumps(asyncio.run(main(int(sys.argv[1])))), flush=True)
