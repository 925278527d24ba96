import { chunkEnd } from '../action/action-chunk.js';
import { ActionDecoder, defaultActionDecoder } from '../action/action-decoder.js';
import { LatencyHistogram } from '../control/latency-histogram.js';
import { Kinematics } from '../robot/kinematics.js';
import { Robot } from '../robot/robot.js';
import { actionChunkMessage, bestChunk } from '../ros/action-messages.js';
import { Level } from '../ros/diagnostics.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { pathMarkers } from '../ros/marker-messages.js';
import { MessageHistory } from '../ros/message-history.js';
import type { Message } from '../ros/messages.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import type { Publisher } from '../ros/publisher.js';
import { latched, reliable, sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';

/** States of the controller that are kept: 10 s, longer than a policy is waited for. */
const HISTORY = 200;
/** The commanded posture is known for the time of an observation if a state is that near, s. */
const TOLERANCE = 0.15;

const PARAMETERS = {
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
  posture: {
    type: 'string',
    default: 'table_work',
    description: 'Posture of the robot file that redundant arms prefer.',
  },
  velocity_limit: {
    type: 'double',
    default: defaultActionDecoder.velocityLimit,
    minimum: 0.01,
    maximum: 2,
    description: "Limit on the norm of an arm's joint velocities, rad/s; 0.5 near people.",
  },
  smoothing: {
    type: 'double',
    default: defaultActionDecoder.smoothing,
    minimum: 0,
    maximum: 5,
    description: 'Standard deviation of the Gaussian that smooths the waypoints, in waypoints.',
  },
  blend_time: {
    type: 'double',
    default: defaultActionDecoder.blendTime,
    minimum: 0,
    maximum: 1,
    description: 'Time over which a new chunk takes over from the running one, at least, s.',
  },
  workspace: {
    type: 'double_array',
    default: defaultActionDecoder.workspace.flat(),
    minimum: -2,
    maximum: 2,
    description: 'Box that grippers stay in: minimum and maximum of x, then of y, then of z, in base_link, m.',
  },
} as const satisfies ParameterDeclarations;

/** Makes chunks that the arm can execute out of the policy's predictions. */
class ActionDecoderNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  readonly #time = new LatencyHistogram();
  #decoder!: ActionDecoder;
  #decoded = 0;
  #slowed = 0;
  #refused = 0;
  #refusal = '';

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  async configure(): Promise<void> {
    const { robot: file, posture, velocity_limit, smoothing, blend_time, workspace } = this.#node.parameters;
    const robot = Robot.load(packagePath(file));
    const kinematics = await Kinematics.create(robot);
    this.#node.own(() => kinematics.delete());
    this.#decoder = new ActionDecoder(robot, kinematics, robot.posture(posture), {
      velocityLimit: velocity_limit,
      smoothing,
      blendTime: blend_time,
      blendAcceleration: defaultActionDecoder.blendAcceleration,
      workspace: box(workspace),
    });
  }

  activate(): void {
    const node = this.#node;
    this.#decoder.reset();
    const chunks = node.createPublisher('cosmos_humanoid/msg/ActionChunk', 'action_decoder/action_chunk', reliable(1));
    const markers = node.createPublisher('visualization_msgs/msg/MarkerArray', 'action_decoder/markers', reliable());
    const states = new MessageHistory(node.codec('cosmos_humanoid/msg/ControllerState'), HISTORY);
    node.createRawSubscription('cosmos_humanoid/msg/ControllerState', 'joint_controller/state', sensorData(), (bytes) =>
      states.push(bytes),
    );
    node.createSubscription('std_msgs/msg/Float64', 'motion_planner/speed_scale', latched(), ({ data }) =>
      this.#decoder.observeSpeed(node.now(), data),
    );
    node.createSubscription(
      'cosmos_humanoid/msg/ActionPrediction',
      'cosmos/action_prediction',
      reliable(1),
      (prediction) => {
        try {
          this.#decode(prediction, states, chunks, markers);
        } catch (error) {
          this.#refused++;
          this.#refusal = (error as Error).message;
          node.warn('prediction', `refused: ${this.#refusal}`);
        }
        this.#report();
      },
    );
    node.own(node.diagnostics.addSource(() => this.#report()));
  }

  #decode(
    prediction: Message<'cosmos_humanoid/msg/ActionPrediction'>,
    states: MessageHistory<'cosmos_humanoid/msg/ControllerState'>,
    chunks: Publisher<'cosmos_humanoid/msg/ActionChunk'>,
    markers: Publisher<'visualization_msgs/msg/MarkerArray'>,
  ): void {
    const begin = performance.now();
    const node = this.#node;
    const wanted = bestChunk(prediction);
    const state = states.nearest(wanted.stamp, TOLERANCE);
    if (state === undefined) {
      throw new Error('joint_controller/state tells no commanded posture for the time of the observation');
    }
    const now = node.now();
    const chunk = this.#decoder.decode(wanted, state.reference_position, now);
    if (chunk === undefined) {
      const [age, lasts] = [now - wanted.stamp, chunkEnd(wanted) - wanted.stamp].map((time) => time.toFixed(2));
      throw new Error(`it came ${age} s after what it answers, and lasts ${lasts} s: the policy takes too long`);
    }
    const { header, policy } = prediction;
    const message = { ...actionChunkMessage(chunk), header, published: node.stamp(), policy };
    chunks.publish(message);
    if (markers.subscriptionCount > 0) markers.publish(pathMarkers(message));
    this.#decoded++;
    this.#slowed += this.#decoder.slowed;
    this.#refusal = '';
    this.#time.record((performance.now() - begin) * 1e3);
  }

  #report(): void {
    const bad = this.#refusal !== '';
    this.#node.diagnostics.report('chunks', bad ? Level.warning : Level.ok, bad ? `refused: ${this.#refusal}` : 'ok', {
      decoded: this.#decoded,
      refused: this.#refused,
      slowed_waypoints: this.#slowed,
      busy_p50_us: this.#time.quantile(0.5),
      busy_p99_us: this.#time.quantile(0.99),
    });
  }
}

/** @throws Error where it is no box */
function box(numbers: readonly number[]): typeof defaultActionDecoder.workspace {
  const [x0, x1, y0, y1, z0, z1] = numbers as [number, number, number, number, number, number];
  if (numbers.length !== 6 || !(x0 < x1 && y0 < y1 && z0 < z1)) {
    throw new Error(`parameter workspace: ${numbers.join(', ')}: needs six numbers, each minimum below its maximum`);
  }
  return [
    [x0, x1],
    [y0, y1],
    [z0, z1],
  ];
}

await runNode({
  name: 'action_decoder',
  niceness: -5,
  parameters: PARAMETERS,
  create: (node) => new ActionDecoderNode(node),
});
