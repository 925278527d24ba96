import type { Arm } from '../action/action-chunk.js';
import { LatencyHistogram } from '../control/latency-histogram.js';
import { StopMode } from '../control/stop-state.js';
import { Clearance } from '../planning/clearance.js';
import { MotionPlanner, planningHorizon, planningStep } from '../planning/motion-planner.js';
import { PlanningClock } from '../planning/planning-clock.js';
import { progressClockDefaults } from '../planning/progress-clock.js';
import { separationDefaults } from '../planning/separation.js';
import { SeparationMonitor } from '../planning/separation-monitor.js';
import { TrajectoryFollower } from '../planning/trajectory-follower.js';
import { toleranceDefaults } from '../planning/trajectory-tolerances.js';
import { Kinematics } from '../robot/kinematics.js';
import { Robot } from '../robot/robot.js';
import { readActionChunk } from '../ros/action-messages.js';
import { Level } from '../ros/diagnostics.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { JointTrajectoryWriter } from '../ros/joint-trajectory-writer.js';
import type { Message, Stamp } from '../ros/messages.js';
import { motionPlannerParameters } from '../ros/motion-planner-parameters.js';
import { packagePath } from '../ros/package-path.js';
import { PeopleInput } from '../ros/people-input.js';
import { poseMessage } from '../ros/pose-messages.js';
import type { Publisher } from '../ros/publisher.js';
import { latched, reliable, sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';
import { isZero, toStamp } from '../ros/time.js';
import { TrajectoryInputs } from '../ros/trajectory-inputs.js';
import { SafetyLevel } from '../safety/findings.js';

const ARMS: readonly Arm[] = ['left', 'right'];
const NOT_HEARD = 'joint_controller has not been heard';
const NOT_FOLLOWING = 'joint_controller follows no trajectory yet';
const NO_STAMP: Stamp = { sec: 0, nanosec: 0 };

/**
 * Plans all joints 0.2 s ahead, a hundred times a second. While the control loop does not follow (at start, in a stop,
 * after a reset), the plan stays at the posture that the loop commands, so that it always continues from there.
 */
class MotionPlannerNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof motionPlannerParameters>;
  readonly #clock = new PlanningClock(planningStep);
  readonly #pose = new Float64Array(7);
  readonly #time = new LatencyHistogram();
  #robot!: Robot;
  #planner!: MotionPlanner;
  #writer!: JointTrajectoryWriter;
  #follower!: TrajectoryFollower;
  #separation!: SeparationMonitor;
  #clearance!: Clearance;
  #started = false;
  /** Why nothing can be followed now, in words. */
  #hindrance: string | undefined = NOT_HEARD;
  #safety: number = SafetyLevel.ok;
  /** Speed scale that the safety monitor allows. */
  #allowedSpeed = 1;
  /** Stamp of the chunk that is followed. */
  #followed: Stamp | undefined;
  #refusal = '';
  #refused = 0;
  #held = 0;

  constructor(node: HumanoidNode<typeof motionPlannerParameters>) {
    this.#node = node;
  }

  async configure(): Promise<void> {
    const {
      robot: file,
      posture,
      surface_height,
      surface_edge,
      surface_distance,
      body_distance,
      path_tolerance,
      goal_tolerance,
      human_speed,
      reaction_time,
      separation_margin,
    } = this.#node.parameters;
    const robot = Robot.load(packagePath(file));
    const kinematics = await Kinematics.create(robot);
    this.#node.own(() => kinematics.delete());
    const clearance = new Clearance(robot, kinematics, {
      surface: { height: surface_height, edge: surface_edge },
      surfaceDistance: surface_distance,
      bodyDistance: body_distance,
    });
    this.#robot = robot;
    this.#clearance = clearance;
    this.#planner = new MotionPlanner(robot, kinematics, robot.posture(posture), clearance);
    this.#follower = new TrajectoryFollower(robot, this.#planner, {
      ...toleranceDefaults,
      path: path_tolerance,
      goal: goal_tolerance,
    });
    this.#separation = new SeparationMonitor(robot, kinematics, {
      ...separationDefaults,
      humanSpeed: human_speed,
      reactionTime: reaction_time,
      intrusion: separation_margin,
      stopTime: progressClockDefaults.stopTime,
    });
    const codec = this.#node.codec('trajectory_msgs/msg/JointTrajectory');
    this.#writer = new JointTrajectoryWriter(codec, robot.names, planningHorizon, planningStep);
  }

  activate(): void {
    const node = this.#node;
    this.#started = false;
    this.#hindrance = NOT_HEARD;
    this.#followed = undefined;
    this.#separation.reset();
    this.#clearance.setObstacles(new Float64Array(0), 0);
    const trajectory = node.createPublisher(
      'trajectory_msgs/msg/JointTrajectory',
      'motion_planner/joint_trajectory',
      reliable(1),
    );
    const reference = node.createPublisher(
      'cosmos_humanoid/msg/HandReference',
      'motion_planner/hand_reference',
      sensorData(1),
    );
    node.createSubscription('cosmos_humanoid/msg/SafetyState', 'safety/state', latched(), ({ level, speed_scale }) => {
      this.#safety = level;
      this.#allowedSpeed = speed_scale;
    });
    node.createSubscription('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData(1), (message) =>
      this.#track(message),
    );
    node.createSubscription('cosmos_humanoid/msg/ActionChunk', 'action_decoder/action_chunk', reliable(1), (message) =>
      this.#take(message),
    );
    const speed = node.createPublisher('std_msgs/msg/Float64', 'motion_planner/speed_scale', latched());
    new TrajectoryInputs(node, this.#robot, this.#follower, this.#clock, () => this.#hindrance);
    const people = new PeopleInput(node, this.#separation, this.#clearance, this.#clock);
    let told = Number.NaN;
    const timer = node.createTimer(planningStep, () => {
      this.#plan(trajectory, reference);
      const { scale } = this.#planner.progress;
      if (scale !== told) speed.publish({ data: scale });
      told = scale;
    });
    node.own(node.diagnostics.addSource(() => this.#report(timer.missed)));
    node.own(node.diagnostics.addSource(() => people.report(this.#planner.progress.scale)));
  }

  deactivate(): void {
    this.#follower.abort('motion_planner was deactivated');
  }

  /** Stays where the loop is as long as it does not follow. */
  #track(state: Message<'cosmos_humanoid/msg/ControllerState'>): void {
    const { mode, reference_stamp, reference_position } = state;
    const stopped = mode !== StopMode.running || this.#safety >= SafetyLevel.protectiveStop;
    const idle = isZero(reference_stamp);
    this.#hindrance = stopped ? `the robot is stopped${because(state.stop_causes)}` : idle ? NOT_FOLLOWING : undefined;
    if (this.#started && !stopped && !idle) return;
    this.#follower.abort(this.#hindrance ?? NOT_HEARD);
    try {
      this.#planner.reset(reference_position, 0);
    } catch (error) {
      this.#node.warn('state', `joint_controller/state refused: ${(error as Error).message}`);
      return;
    }
    const now = this.#node.now();
    this.#separation.shift(this.#clock.origin - now);
    this.#clock.start(now);
    this.#followed = undefined;
    this.#started = true;
  }

  #take(message: Message<'cosmos_humanoid/msg/ActionChunk'>): void {
    if (this.#hindrance !== undefined) return;
    try {
      const chunk = readActionChunk(message);
      chunk.stamp -= this.#clock.origin;
      this.#planner.follow(chunk);
      this.#followed = message.header.stamp;
    } catch (error) {
      this.#refused++;
      this.#refusal = (error as Error).message;
      this.#node.warn('chunk', `refused: ${this.#refusal}`);
    }
  }

  #plan(
    trajectory: Publisher<'trajectory_msgs/msg/JointTrajectory'>,
    reference: Publisher<'cosmos_humanoid/msg/HandReference'>,
  ): void {
    if (!this.#started) return;
    const begin = performance.now();
    const node = this.#node;
    const planner = this.#planner;
    if (this.#clock.tick(node.now())) planner.hold();
    if (planner.chunksDone) {
      if (this.#followed !== undefined) planner.hold();
      this.#followed = undefined;
    }
    this.#follower.update();
    const separation = this.#separation.update(this.#clock.time, planner.trajectory, planner.progress);
    planner.setSpeedScale(Math.min(separation, this.#allowedSpeed));
    const plan = planner.plan(this.#clock.time);
    const stamp = toStamp(this.#clock.origin + plan.time[0]!);
    trajectory.publishRaw(this.#writer.write(stamp, plan));
    if (planner.held) this.#held++;
    const grippers: number[] = [];
    const poses = ARMS.map((arm) => {
      grippers.push(planner.commanded(arm, this.#pose));
      return poseMessage(this.#pose);
    });
    reference.publish({
      header: { stamp, frame_id: this.#robot.baseFrame },
      published: node.stamp(),
      observation_stamp: this.#followed ?? NO_STAMP,
      arms: ARMS,
      poses,
      grippers,
    });
    this.#time.record((performance.now() - begin) * 1e3);
  }

  #report(missed: number): void {
    const { diagnostics } = this.#node;
    const state = this.#started ? 'ok' : 'waits for joint_controller/state';
    diagnostics.report('plan', this.#started ? Level.ok : Level.warning, state, {
      busy_p50_us: this.#time.quantile(0.5),
      busy_p99_us: this.#time.quantile(0.99),
      missed,
      cycles_held: this.#held,
      following_chunk: this.#followed === undefined ? 0 : 1,
      following_joint_trajectory: this.#follower.execution === undefined ? 0 : 1,
    });
    const clear = this.#planner.held;
    diagnostics.report('clearance', clear ? Level.warning : Level.ok, clear ? 'an arm holds: too close' : 'ok');
    diagnostics.report('chunks', Level.ok, 'ok', { refused: this.#refused, last_refusal: this.#refusal });
  }
}

function because(causes: readonly string[]): string {
  return causes.length === 0 ? '' : `: ${causes.join('; ')}`;
}

await runNode({
  name: 'motion_planner',
  niceness: -5,
  parameters: motionPlannerParameters,
  create: (node) => new MotionPlannerNode(node),
});
