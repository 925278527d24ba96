"""A node by somebody else: listens to the robot, stops it, sees it stop and lets it go on. Writes JSON."""

import json
import sys
import time

import rclpy
from cosmos_humanoid.msg import ControllerState, SafetyState
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import Imu, JointState
from std_msgs.msg import String
from std_srvs.srv import Trigger
from tf2_msgs.msg import TFMessage

PATIENCE = 30.0
LATCHED = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)


class Peer:
    def __init__(self) -> None:
        self.node = rclpy.create_node("rclpy_peer")
        self.latest = {}
        self.listen(JointState, "joint_states", qos_profile_sensor_data)
        self.listen(Imu, "imu/data", qos_profile_sensor_data)
        self.listen(ControllerState, "joint_controller/state", qos_profile_sensor_data)
        self.listen(SafetyState, "safety/state", LATCHED)
        self.listen(String, "robot_description", LATCHED)
        self.listen(TFMessage, "/tf", 10)

    def listen(self, kind, topic, qos) -> None:
        self.node.create_subscription(kind, topic, lambda message: self.latest.update({topic: message}), qos)

    def until(self, what, holds) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            rclpy.spin_once(self.node, timeout_sec=0.1)
            if time.monotonic() > deadline:
                sys.exit(f"never came true: {what}; heard {list(self.latest)}")

    def call(self, service):
        client = self.node.create_client(Trigger, service)
        if not client.wait_for_service(PATIENCE):
            sys.exit(f"{service} is not offered")
        future = client.call_async(Trigger.Request())
        rclpy.spin_until_future_complete(self.node, future, timeout_sec=PATIENCE)
        return future.result().success

    def controller(self):
        return self.latest["joint_controller/state"]

    def safety(self):
        return self.latest["safety/state"]


def main() -> None:
    rclpy.init()
    peer = Peer()
    peer.until("all topics are heard", lambda: len(peer.latest) == 6)
    peer.until("no stop", lambda: peer.safety().level < SafetyState.PROTECTIVE_STOP)
    joints = peer.latest["joint_states"]
    result = {
        "joints": len(joints.name),
        "positions": len(joints.position),
        "gravity": peer.latest["imu/data"].linear_acceleration.z,
        "transforms": len(peer.latest["/tf"].transforms),
        "urdf": peer.latest["robot_description"].data[:5],
        "mode_before": peer.controller().mode,
    }
    result["stopped"] = peer.call("safety/emergency_stop")
    peer.until("the loop damps", lambda: peer.controller().mode == ControllerState.DAMPING)
    peer.until("emergency stop", lambda: peer.safety().level == SafetyState.EMERGENCY_STOP)
    result["causes"] = list(peer.controller().stop_causes)
    result["latched"] = peer.safety().latched
    result["reset"] = peer.call("safety/reset")
    peer.until("the loop runs", lambda: peer.controller().mode == ControllerState.RUNNING)
    peer.until("no stop", lambda: peer.safety().level < SafetyState.PROTECTIVE_STOP)
    print(json.dumps(result))
    peer.node.destroy_node()
    rclpy.shutdown()


main()
