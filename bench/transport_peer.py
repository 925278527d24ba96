"""One end of the transport benchmark in rclpy: see transport-peer.ts."""

import json
import math
import sys
import time

import rclpy
from builtin_interfaces.msg import Time
from sensor_msgs.msg import Image, JointState

PERIOD = 0.01
JOINTS = 75


def joint_state() -> JointState:
    message = JointState()
    message.name = [f"left_hand_index_finger_joint_{j}" for j in range(JOINTS)]
    message.position = [math.sin(j) for j in range(JOINTS)]
    message.velocity = [math.sin(j + 1) for j in range(JOINTS)]
    message.effort = [math.sin(j + 2) for j in range(JOINTS)]
    return message


def image() -> Image:
    message = Image(width=320, height=240, encoding="rgb8", step=960)
    message.data = bytes(i % 251 for i in range(3 * 320 * 240))
    return message


def stamp() -> Time:
    now = time.time_ns()
    return Time(sec=now // 10**9, nanosec=now % 10**9)


def send(node, message, total: int) -> list[float]:
    publisher = node.create_publisher(type(message), "bench", 10)
    while publisher.get_subscription_count() == 0:
        time.sleep(PERIOD)

    def publish(frame: str) -> float:
        message.header.frame_id = frame
        message.header.stamp = stamp()
        begin = time.perf_counter()
        publisher.publish(message)
        return (time.perf_counter() - begin) * 1e6

    for _ in range(total):
        publish("burst")
    times = [publish("burst") for _ in range(total)]
    due = time.monotonic()
    for _ in range(total):
        publish("paced")
        due += PERIOD
        time.sleep(max(0.0, due - time.monotonic()))
    time.sleep(0.5)
    return times


def receive(node, message, total: int) -> list[float]:
    times = []

    def take(received) -> None:
        sent = received.header.stamp
        if received.header.frame_id == "paced":
            times.append((time.time_ns() - sent.sec * 10**9 - sent.nanosec) * 1e-3)

    node.create_subscription(type(message), "bench", take, 10)
    while len(times) < 0.9 * total:
        rclpy.spin_once(node)
    return times


def main() -> None:
    role, name, count = sys.argv[1:]
    rclpy.init()
    node = rclpy.create_node(f"bench_{role}")
    message = image() if name == "image" else joint_state()
    print(json.dumps((send if role == "send" else receive)(node, message, int(count))))
    node.destroy_node()
    rclpy.shutdown()


main()
