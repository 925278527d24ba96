"""A node that is not meant to move the robot: offers joint trajectories without sending one, and leaves. Writes JSON."""

import json
import sys
import time

import rclpy
from cosmos_humanoid.msg import SafetyState
from rclpy.qos import DurabilityPolicy, QoSProfile
from std_srvs.srv import Trigger
from trajectory_msgs.msg import JointTrajectory

PATIENCE = 30.0
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)

rclpy.init()
node = rclpy.create_node("rival")
latest = []
node.create_subscription(SafetyState, "safety/state", lambda message: latest.append(message), LATCHED)
client = node.create_client(Trigger, "safety/reset")


def until(what, holds):
    deadline = time.monotonic() + PATIENCE
    while True:
        rclpy.spin_once(node, timeout_sec=0.1)
        answer = holds()
        if answer:
            return answer
        if time.monotonic() > deadline:
            sys.exit(f"never came true: {what}; heard {latest[-1:]}")


def reset():
    future = client.call_async(Trigger.Request())
    rclpy.spin_until_future_complete(node, future, timeout_sec=PATIENCE)
    return future.result()


def stopped():
    return latest and latest[-1].level >= SafetyState.PROTECTIVE_STOP


if not client.wait_for_service(PATIENCE):
    sys.exit("safety/reset is not offered")
until("no stop", lambda: latest and not stopped())
publisher = node.create_publisher(JointTrajectory, "motion_planner/joint_trajectory", 1)
until("a stop", stopped)
refused = reset()
result = {"causes": list(latest[-1].causes), "refused": not refused.success, "reason": refused.message}
node.destroy_publisher(publisher)
until("a reset", lambda: reset().success)
until("no stop", lambda: not stopped())
print(json.dumps(result))
node.destroy_node()
rclpy.shutdown()
