"""A client of follow_joint_trajectory, as MoveIt is one, and of move_to_posture. Writes JSON."""

import json
import sys
import time

import rclpy
from action_msgs.msg import GoalStatus
from builtin_interfaces.msg import Duration, Time
from geometry_msgs.msg import Point
from rclpy.action import ActionClient
from rclpy.qos import DurabilityPolicy, QoSProfile, qos_profile_sensor_data
from sensor_msgs.msg import JointState
from std_msgs.msg import Float64
from trajectory_msgs.msg import JointTrajectory, JointTrajectoryPoint

from cosmos_humanoid.action import MoveToPosture
from cosmos_humanoid.msg import TrackedObstacles

try:
    from control_msgs.action import FollowJointTrajectory
    from control_msgs.msg import JointTolerance
except ImportError:
    from cosmos_humanoid.action import FollowJointTrajectory
    from cosmos_humanoid.msg import JointTolerance

PATIENCE = 20.0
JOINTS = ["right_elbow_joint", "right_wrist_roll_joint"]
STATUS = {
    GoalStatus.STATUS_SUCCEEDED: "succeeded",
    GoalStatus.STATUS_ABORTED: "aborted",
    GoalStatus.STATUS_CANCELED: "canceled",
}


class Peer:
    def __init__(self) -> None:
        self.node = rclpy.create_node("trajectory_peer")
        self.joints = None
        self.speed = None
        self.node.create_subscription(JointState, "joint_states", self.take_joints, qos_profile_sensor_data)
        latched = QoSProfile(depth=1, durability=DurabilityPolicy.TRANSIENT_LOCAL)
        self.node.create_subscription(Float64, "motion_planner/speed_scale", self.take_speed, latched)
        self.topic = self.node.create_publisher(JointTrajectory, "motion_planner/follow_trajectory", 10)
        self.people = self.node.create_publisher(TrackedObstacles, "people", qos_profile_sensor_data)
        self.follow = ActionClient(self.node, FollowJointTrajectory, "follow_joint_trajectory")
        self.move = ActionClient(self.node, MoveToPosture, "move_to_posture")
        for client in (self.follow, self.move):
            if not client.wait_for_server(PATIENCE):
                sys.exit("an action is not offered")

    def take_joints(self, message) -> None:
        self.joints = dict(zip(message.name, message.position))

    def take_speed(self, message) -> None:
        self.speed = message.data

    def until(self, what, holds, each=lambda: None) -> None:
        deadline = time.monotonic() + PATIENCE
        while not holds():
            each()
            rclpy.spin_once(self.node, timeout_sec=0.02)
            if time.monotonic() > deadline:
                sys.exit(f"never came true: {what}")

    def spin(self, seconds, each=lambda: None) -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            each()
            rclpy.spin_once(self.node, timeout_sec=0.02)

    def send(self, client, goal, feedback=None):
        future = client.send_goal_async(goal, feedback_callback=feedback)
        self.until("the goal is answered", future.done)
        return future.result()

    def result(self, handle, each=lambda: None):
        future = handle.get_result_async()
        self.until("the goal ends", future.done, each)
        return STATUS.get(future.result().status), future.result().result

    def run(self, goal):
        status, result = self.result(self.send(self.follow, goal))
        return [status, result.error_code, result.error_string]

    def angle(self, joint=JOINTS[0]):
        self.joints = None
        self.until("joint_states", lambda: self.joints is not None)
        return self.joints[joint]


def duration(seconds) -> Duration:
    return Duration(sec=int(seconds), nanosec=int(seconds % 1 * 1e9))


def trajectory(points, joints=JOINTS) -> JointTrajectory:
    """@param points: lists of time, positions and, where wanted, velocities"""
    message = JointTrajectory(joint_names=joints)
    for at, positions, *velocities in points:
        point = JointTrajectoryPoint(positions=positions, time_from_start=duration(at))
        if velocities:
            point.velocities = velocities[0]
        message.points.append(point)
    return message


def goal(points, joints=JOINTS):
    """Without a tolerance on the way: the machine that runs the tests may be busy with other things."""
    free = [JointTolerance(name=joint, position=-1.0) for joint in joints]
    late = duration(10.0)
    return FollowJointTrajectory.Goal(trajectory=trajectory(points, joints), path_tolerance=free, goal_time_tolerance=late)


def near_hand(node, distance):
    """Somebody to the right of the right hand; nobody without a distance."""
    message = TrackedObstacles()
    message.header.frame_id = "base_link"
    message.header.stamp = node.get_clock().now().to_msg()
    if distance is not None:
        message.positions.append(Point(x=0.3, y=-0.4 - distance, z=0.0))
        message.radii.append(0.0)
    return message


def main() -> None:
    rclpy.init()
    peer = Peer()
    out = {}
    start = peer.angle()
    wrist = peer.angle(JOINTS[1])

    def ready() -> bool:
        return peer.run(goal([[0.2, [start, wrist]]]))[1] == 0

    peer.until("trajectories are followed", ready)

    heard = []
    way = [
        [0.0, [start, wrist], [0.0, 0.0]],
        [1.0, [start + 0.2, wrist], [0.2, 0.0]],
        [2.0, [start + 0.3, wrist - 0.2], [0.0, 0.0]],
    ]
    handle = peer.send(peer.follow, goal(way), lambda message: heard.append(message.feedback))
    status, result = peer.result(handle)
    out["followed"] = [status, result.error_code]
    out["arrived"] = abs(peer.angle() - start - 0.3) < 0.01
    out["feedback"] = len(heard) > 1 and heard[0].joint_names == JOINTS
    out["moving"] = max(abs(point.desired.velocities[0]) for point in heard) > 0.05
    out["error"] = max(abs(point.error.positions[0]) for point in heard) < 0.3

    here = [start + 0.3, wrist - 0.2]
    out["unknown_joint"] = peer.run(goal([[1.0, [0.0]]], ["elbow"]))
    out["too_far"] = peer.run(goal([[1.0, here], [9.0, [9.0, 0.0]]]))
    old = goal([[1.0, here]])
    old.trajectory.header.stamp = Time(sec=1000)
    out["old"] = peer.run(old)[:2]
    narrow = goal([[1.0, [start, wrist]]])
    narrow.path_tolerance = [JointTolerance(name=JOINTS[0], position=1e-9)]
    out["left_path"] = peer.run(narrow)[:2]

    peer.run(goal([[1.0, here]]))
    handle = peer.send(peer.follow, goal([[2.0, [start - 0.7, wrist]]]))
    peer.spin(0.5)
    cancelling = handle.cancel_goal_async()
    out["cancelled"] = peer.result(handle)[0]
    peer.until("the cancellation is answered", cancelling.done)
    peer.spin(0.5)
    stopped = peer.angle()
    peer.spin(0.3)
    out["at_rest"] = abs(peer.angle() - stopped) < 1e-6 and start - 0.6 < stopped < start + 0.29

    handle = peer.send(peer.follow, goal([[2.0, here]]))
    peer.spin(0.3)
    out["second"] = peer.run(goal([[1.0, [start, wrist]]]))[:2]
    status, result = peer.result(handle)
    out["replaced"] = [status, result.error_code]

    tell = lambda: peer.people.publish(near_hand(peer.node, 0.1))
    peer.until("the robot stands for people", lambda: peer.speed == 0.0, tell)
    before = peer.angle()
    handle = peer.send(peer.follow, goal([[0.5, here]]))
    peer.spin(0.8, tell)
    out["waits"] = abs(peer.angle() - before) < 1e-6
    status, result = peer.result(handle, lambda: peer.people.publish(near_hand(peer.node, None)))
    out["goes_on"] = [status, result.error_code, abs(peer.angle() - here[0]) < 0.01]

    nobody = lambda: peer.people.publish(near_hand(peer.node, None))
    peer.topic.publish(trajectory([[0.5, [start, wrist]]]))
    peer.until("the trajectory on the topic is followed", lambda: abs(peer.angle() - start) < 0.01, nobody)

    postures = [MoveToPosture.Goal(posture="headstand"), MoveToPosture.Goal(posture="stand", duration=2.0)]
    out["postures"] = []
    for wanted in postures:
        status, result = peer.result(peer.send(peer.move, wanted), nobody)
        out["postures"].append([status, result.success, result.reason])
    out["knee"] = round(peer.angle("left_knee_joint"), 3)
    print(json.dumps(out))
    peer.node.destroy_node()
    rclpy.shutdown()


main()
