import { LatencyHistogram } from '../control/latency-histogram.js';
import { Robot } from '../robot/robot.js';
import { cameraInfoMessage } from '../ros/camera-info.js';
import { Level } from '../ros/diagnostics.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { ImageWriter } from '../ros/image-writer.js';
import type { Message, MessageInput, Stamp } from '../ros/messages.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import type { Publisher } from '../ros/publisher.js';
import { sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';
import { CameraRig, type RigCamera } from '../sim/camera-rig.js';
import { loadTask } from '../sim/scene.js';

/** Share of its time that the node may spend on rendering; beyond, the rate goes down. */
const GREATEST_LOAD = 0.6;

const PARAMETERS = {
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
  task: { type: 'string', default: 'pick_and_place', description: 'A file in config/scenes, no extension.' },
  seed: {
    type: 'integer',
    default: 0,
    minimum: 0,
    description: 'Places the objects until sim/state says how they are placed.',
  },
  cameras: {
    type: 'string_array',
    default: ['head_camera', 'left_wrist_camera', 'right_wrist_camera'],
    description: 'Cameras of the robot file; each is rendered while somebody listens to it.',
  },
  rate: { type: 'double', default: 15, minimum: 0.1, maximum: 60, description: 'Images a second of each camera, Hz.' },
  width: { type: 'integer', default: 320, minimum: 16, maximum: 1920, description: 'Width of the images, px.' },
  height: { type: 'integer', default: 240, minimum: 12, maximum: 1080, description: 'Height of the images, px.' },
} as const satisfies ParameterDeclarations;

/** The topics of one camera. */
interface Outlet {
  readonly color: Publisher<'sensor_msgs/msg/Image'>;
  readonly depth: Publisher<'sensor_msgs/msg/Image'>;
  readonly colorInfo: Publisher<'sensor_msgs/msg/CameraInfo'>;
  readonly depthInfo: Publisher<'sensor_msgs/msg/CameraInfo'>;
  readonly colorWriter: ImageWriter;
  readonly depthWriter: ImageWriter;
  readonly info: MessageInput<'sensor_msgs/msg/CameraInfo'>;
}

/** Renders the robot's cameras from the ground truth of the simulation. */
class SimCameraNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  readonly #time = new LatencyHistogram();
  #rig!: CameraRig;
  #outlets: readonly Outlet[] = [];
  /** Identifies the placement of the objects that the rig has. */
  #placement = '';
  #due = 0;
  #frames = 0;
  #delayed = 0;
  #problem = '';

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  async configure(): Promise<void> {
    const { robot, task, seed, cameras, width, height } = this.#node.parameters;
    const description = Robot.load(packagePath(robot));
    const scene = loadTask(packagePath(`config/scenes/${task}.yaml`));
    this.#rig = await CameraRig.create(description, scene, cameras, { width, height });
    this.#rig.place(seed, '');
    this.#placement = '';
  }

  cleanup(): void {
    this.#rig.delete();
  }

  activate(): void {
    const node = this.#node;
    this.#outlets = this.#rig.cameras.map((camera) => this.#open(camera));
    this.#due = 0;
    this.#problem = 'sim/state has not come yet';
    node.createSubscription(
      'cosmos_humanoid/msg/SimState',
      'sim/state',
      sensorData(1),
      (state) => this.#take(state),
      () => performance.now() * 1e-3 >= this.#due,
    );
    node.own(node.diagnostics.addSource(() => this.#report()));
  }

  #take(state: Message<'cosmos_humanoid/msg/SimState'>): void {
    const begin = performance.now() * 1e-3;
    try {
      this.#look(state);
      this.#problem = '';
    } catch (error) {
      this.#problem = (error as Error).message;
      this.#node.warn('state', this.#problem);
    }
    this.#schedule(begin);
  }

  #open({ name, frame: frame_id, intrinsics }: RigCamera): Outlet {
    const node = this.#node;
    const { width, height } = intrinsics;
    const image = (topic: string) => node.createPublisher('sensor_msgs/msg/Image', `${name}/${topic}`, sensorData(2));
    const info = (topic: string) =>
      node.createPublisher('sensor_msgs/msg/CameraInfo', `${name}/${topic}`, sensorData(2));
    const codec = node.codec('sensor_msgs/msg/Image');
    return {
      color: image('color/image_raw'),
      depth: image('depth/image_raw'),
      colorInfo: info('color/camera_info'),
      depthInfo: info('depth/camera_info'),
      colorWriter: new ImageWriter(codec, { width, height, encoding: 'rgb8', frame_id }),
      depthWriter: new ImageWriter(codec, { width, height, encoding: '32FC1', frame_id }),
      info: cameraInfoMessage({ frame_id }, intrinsics),
    };
  }

  #look({ header, scene, seed, instruction, episode, qpos }: Message<'cosmos_humanoid/msg/SimState'>): void {
    const { task } = this.#node.parameters;
    if (scene !== task) throw new Error(`sim/state is of task ${scene}, this node was started for ${task}`);
    const wanted = this.#outlets.map(({ color, depth }) => color.subscriptionCount + depth.subscriptionCount > 0);
    if (!wanted.includes(true)) return;
    const placement = `${episode} ${seed} ${instruction}`;
    if (placement !== this.#placement) this.#rig.place(Number(seed), instruction);
    this.#placement = placement;
    this.#rig.setState(qpos);
    for (const [i, outlet] of this.#outlets.entries()) {
      if (!wanted[i]) continue;
      const begin = performance.now();
      const { image } = this.#rig.look(i);
      this.#time.record((performance.now() - begin) * 1e3);
      this.#publish(outlet, header.stamp, image);
    }
    this.#frames++;
  }

  #publish(outlet: Outlet, stamp: Stamp, { color, depth }: RigCamera['image']): void {
    const info = { ...outlet.info, header: { ...outlet.info.header, stamp } };
    outlet.colorInfo.publish(info);
    outlet.depthInfo.publish(info);
    outlet.color.publishRaw(outlet.colorWriter.write(stamp, color));
    outlet.depth.publishRaw(outlet.depthWriter.write(stamp, depth));
  }

  /** Sets when the next state is to be rendered: later where rendering would take too much of the time. */
  #schedule(begin: number): void {
    const period = 1 / this.#node.parameters.rate;
    const end = performance.now() * 1e-3;
    const next = Math.max(this.#due, begin - period) + period;
    const earliest = begin + (end - begin) / GREATEST_LOAD;
    if (earliest > next) this.#delayed++;
    this.#due = Math.max(next, earliest);
  }

  #report(): void {
    const { diagnostics } = this.#node;
    diagnostics.report('cameras', this.#problem === '' ? Level.ok : Level.warning, this.#problem || 'ok', {
      frames: this.#frames,
      delayed: this.#delayed,
      render_p50_us: this.#time.quantile(0.5),
      render_p99_us: this.#time.quantile(0.99),
    });
  }
}

await runNode({
  name: 'sim_camera',
  niceness: 5,
  images: true,
  parameters: PARAMETERS,
  create: (node) => new SimCameraNode(node),
});
