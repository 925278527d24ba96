import { LatencyHistogram } from '../control/latency-histogram.js';
import { CameraFusion, type FusedObservation, type Stream } from '../perception/camera-fusion.js';
import { FusionWatch } from '../perception/fusion-health.js';
import { POINT_FIELDS, POINT_STEP, PointCloud } from '../perception/point-cloud.js';
import { Kinematics } from '../robot/kinematics.js';
import { Robot } from '../robot/robot.js';
import { bytesOf } from '../ros/bytes.js';
import { cameraInfoMessage } from '../ros/camera-info.js';
import { Level } from '../ros/diagnostics.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { MessageHistory } from '../ros/message-history.js';
import type { Message, MessageInput, Stamp } from '../ros/messages.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import { poseMessage } from '../ros/pose-messages.js';
import type { Publisher } from '../ros/publisher.js';
import { sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';
import { toSeconds, toStamp } from '../ros/time.js';

/** Joint states and hand references that are kept. */
const HISTORY = 100;
/** The joints are known for the time of an image if a joint state is that near, s. */
const JOINT_TOLERANCE = 0.05;
const POINTS_PERIOD = 0.2;
const STREAMS: readonly Stream[] = ['color', 'depth'];
const ARMS = ['left', 'right'] as const;

const PARAMETERS = {
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
  cameras: {
    type: 'string_array',
    default: ['head_camera', 'left_wrist_camera', 'right_wrist_camera'],
    description: 'RGB-D cameras of the robot file; the first gives the observations their stamps.',
  },
  optional_cameras: {
    type: 'string_array',
    default: ['left_wrist_camera', 'right_wrist_camera'],
    description: 'Cameras that an observation can do without; not the first.',
  },
  tolerance: {
    type: 'double',
    default: 0.02,
    minimum: 0,
    maximum: 1,
    description: 'Greatest difference between the stamps of the images in an observation, s.',
  },
  points_stride: {
    type: 'integer',
    default: 2,
    minimum: 1,
    maximum: 16,
    description: 'Every how manyth pixel in both directions becomes a point of camera_fusion/points.',
  },
} as const satisfies ParameterDeclarations;

/** Makes observations of the cameras' images and the joints at the same time. */
class CameraFusionNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  readonly #time = new LatencyHistogram();
  readonly #stamps = new Map<number, Stamp>();
  readonly #poses = new Map<string, Float64Array>();
  readonly #hand = new Float64Array(7);
  #robot!: Robot;
  #kinematics!: Kinematics;
  #fusion!: CameraFusion;
  #watch = new FusionWatch();
  #joints!: MessageHistory<'sensor_msgs/msg/JointState'>;
  #references!: MessageHistory<'cosmos_humanoid/msg/HandReference'>;
  /** Joint positions at `#positionsTime`, rad, in URDF order. */
  #positions: Float64Array | undefined;
  #positionsTime = Number.NaN;
  #cloud: PointCloud | undefined;
  #cloudDue = 0;

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  async configure(): Promise<void> {
    const { robot, cameras } = this.#node.parameters;
    this.#robot = Robot.load(packagePath(robot));
    const kinematics = await Kinematics.create(this.#robot);
    this.#node.own(() => kinematics.delete());
    this.#kinematics = kinematics;
    for (const name of cameras) this.#frameOf(name);
  }

  activate(): void {
    const node = this.#node;
    const { cameras, optional_cameras: optional, tolerance } = node.parameters;
    const observations = node.createPublisher(
      'cosmos_humanoid/msg/FusedObservation',
      'camera_fusion/observation',
      sensorData(1),
    );
    const points = node.createPublisher('sensor_msgs/msg/PointCloud2', 'camera_fusion/points', sensorData(1));
    this.#stamps.clear();
    this.#watch = new FusionWatch();
    this.#fusion = new CameraFusion(
      {
        cameras,
        optional: optional.filter((name) => cameras.includes(name)),
        tolerance,
        locate: (camera, stamp, transform) => this.#locate(camera, stamp, transform),
      },
      (observation) => {
        const begin = performance.now();
        observations.publish(this.#message(observation));
        this.#publishPoints(observation, points);
        this.#time.record((performance.now() - begin) * 1e3);
      },
    );
    this.#joints = new MessageHistory(node.codec('sensor_msgs/msg/JointState'), HISTORY);
    this.#references = new MessageHistory(node.codec('cosmos_humanoid/msg/HandReference'), HISTORY);
    node.createRawSubscription('sensor_msgs/msg/JointState', 'joint_states', sensorData(), (bytes) =>
      this.#joints.push(bytes),
    );
    node.createRawSubscription(
      'cosmos_humanoid/msg/HandReference',
      'motion_planner/hand_reference',
      sensorData(),
      (bytes) => this.#references.push(bytes),
    );
    for (const name of cameras) for (const stream of STREAMS) this.#hear(name, stream);
    node.own(node.diagnostics.addSource(() => this.#report()));
  }

  #hear(name: string, stream: Stream): void {
    const node = this.#node;
    this.#calibrate(name, stream);
    node.createSubscription('sensor_msgs/msg/Image', `${name}/${stream}/image_raw`, sensorData(2), (image) => {
      const time = toSeconds(image.header.stamp);
      if (stream === 'color') this.#remember(time, image.header.stamp);
      this.#fusion.addImage(name, stream, time, image);
    });
  }

  /** Listens for the calibration until it has come: cameras repeat it with every image. */
  #calibrate(name: string, stream: Stream): void {
    const node = this.#node;
    const topic = `${name}/${stream}/camera_info`;
    const scope = node.beginScope();
    node.createSubscription('sensor_msgs/msg/CameraInfo', topic, sensorData(1), (info) => {
      try {
        this.#fusion.setCameraInfo(name, stream, info);
        // Not while it calls back.
        setImmediate(release);
      } catch (error) {
        node.warn(topic, (error as Error).message);
      }
    });
    const release = scope.end();
    node.own(release);
  }

  /** Stamps go on to the last digit, which seconds do not keep. */
  #remember(time: number, stamp: Stamp): void {
    this.#stamps.set(time, stamp);
    if (this.#stamps.size > HISTORY) this.#stamps.delete(this.#stamps.keys().next().value!);
  }

  #stampOf(time: number): Stamp {
    return this.#stamps.get(time) ?? toStamp(time);
  }

  #frameOf(camera: string): number {
    const { cameras } = this.#robot;
    const found = cameras.find(({ name }) => name === camera);
    if (found === undefined) {
      throw new Error(`the robot has no camera '${camera}'; there are ${cameras.map(({ name }) => name).join(', ')}`);
    }
    return this.#kinematics.frame(found.frame);
  }

  /** Joint positions at `time`, rad, with the kinematics set to them. */
  #jointsAt(time: number): Float64Array | undefined {
    if (time === this.#positionsTime && this.#positions !== undefined) return this.#positions;
    const state = this.#joints.nearest(time, JOINT_TOLERANCE);
    this.#positions = state === undefined ? undefined : this.#inOrder(state);
    this.#positionsTime = time;
    if (this.#positions !== undefined) this.#kinematics.setPositions(this.#positions);
    return this.#positions;
  }

  /** The robot's joints of a joint state, in URDF order; undefined where one is missing or not finite. */
  #inOrder({ name, position }: Message<'sensor_msgs/msg/JointState'>): Float64Array | undefined {
    const ordered = Float64Array.from(this.#robot.names, (joint, i) => {
      const at = name[i] === joint ? i : name.indexOf(joint);
      return at < 0 ? Number.NaN : (position[at] ?? Number.NaN);
    });
    return ordered.every(Number.isFinite) ? ordered : undefined;
  }

  #locate(camera: string, time: number, transform: Float64Array): boolean {
    if (this.#jointsAt(time) === undefined) return false;
    const frame = this.#frameOf(camera);
    const pose = new Float64Array(7);
    const rotation = new Float64Array(9);
    this.#kinematics.pose(frame, pose);
    this.#kinematics.rotation(frame, rotation);
    for (let row = 0; row < 3; row++) {
      transform.set(rotation.subarray(3 * row, 3 * row + 3), 4 * row);
      transform[4 * row + 3] = pose[row]!;
    }
    this.#poses.set(camera, pose);
    return true;
  }

  #message({ stamp: time, cameras }: FusedObservation): MessageInput<'cosmos_humanoid/msg/FusedObservation'> {
    const stamp = this.#stampOf(time);
    const frame_id = this.#robot.baseFrame;
    const positions = this.#jointsAt(time) ?? new Float64Array(this.#robot.names.length);
    const commanded = this.#references.nearest(time, JOINT_TOLERANCE);
    const measured = ARMS.map((arm) => {
      this.#kinematics.pose(this.#kinematics.frame(this.#robot.gripperFrames[arm]), this.#hand);
      return poseMessage(this.#hand);
    });
    return {
      header: { stamp, frame_id },
      published: this.#node.stamp(),
      cameras: cameras.map((camera) => this.#cameraMessage(camera)),
      joint_positions: positions,
      commanded: commanded ?? {},
      measured: {
        header: { stamp, frame_id },
        arms: ARMS,
        poses: measured,
        grippers: ARMS.map((arm) => this.#robot.gripperScalar(arm, positions)),
      },
    };
  }

  #cameraMessage({
    name,
    stamp: time,
    depthSkew,
    intrinsics,
    color,
    depth,
  }: FusedObservation['cameras'][number]): MessageInput<'cosmos_humanoid/msg/CameraObservation'> {
    const { width, height } = intrinsics;
    const stamp = this.#stampOf(time);
    const frame_id = this.#robot.cameras.find((camera) => camera.name === name)?.frame ?? '';
    const header = { stamp, frame_id };
    return {
      name,
      stamp,
      color: { header, width, height, encoding: 'rgb8', step: 3 * width, data: color },
      depth: { header, width, height, encoding: '32FC1', step: 4 * width, data: bytesOf(depth) },
      camera_info: cameraInfoMessage(header, intrinsics),
      pose: poseMessage(this.#poses.get(name) ?? [0, 0, 0, 0, 0, 0, 1]),
      depth_skew: depthSkew,
    };
  }

  #publishPoints(
    { stamp: time, cameras }: FusedObservation,
    publisher: Publisher<'sensor_msgs/msg/PointCloud2'>,
  ): void {
    const now = performance.now() * 1e-3;
    if (now < this.#cloudDue || publisher.subscriptionCount === 0) return;
    this.#cloudDue = Math.max(this.#cloudDue + POINTS_PERIOD, now);
    const { points_stride: stride, cameras: cameraNames } = this.#node.parameters;
    const { width, height } = cameras[0]!.intrinsics;
    this.#cloud ??= new PointCloud(cameraNames.length * Math.ceil(width / stride) * Math.ceil(height / stride));
    const cloud = this.#cloud;
    cloud.clear();
    for (const { color, depth, intrinsics, transform } of cameras) {
      cloud.add(color, depth, intrinsics, transform, stride);
    }
    publisher.publish({
      header: { stamp: this.#stampOf(time), frame_id: this.#robot.baseFrame },
      height: 1,
      width: cloud.count,
      fields: POINT_FIELDS,
      point_step: POINT_STEP,
      row_step: POINT_STEP * cloud.count,
      data: cloud.data,
      is_dense: true,
    });
  }

  #report(): void {
    const { problems, values } = this.#watch.look(this.#fusion.statistics());
    const { diagnostics } = this.#node;
    diagnostics.report('fusion', problems.length === 0 ? Level.ok : Level.warning, problems.join('; ') || 'ok', {
      ...values,
      busy_p50_us: this.#time.quantile(0.5),
      busy_p99_us: this.#time.quantile(0.99),
    });
  }
}

await runNode({
  name: 'camera_fusion',
  images: true,
  parameters: PARAMETERS,
  create: (node) => new CameraFusionNode(node),
});
