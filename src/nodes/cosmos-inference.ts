import type { Arm } from '../action/action-chunk.js';
import type { HandSenses, PolicyBackend, PolicySenses } from '../cosmos/policy-backend.js';
import { type PolicyAnswer, PolicySession, type PolicySessionOptions } from '../cosmos/policy-session.js';
import type { PolicyLease } from '../deployment/policy-cache.js';
import { PolicyLoader } from '../deployment/policy-loader.js';
import { isTier, loadTiers, TIERS, type Tier } from '../deployment/tiers.js';
import { transformFromPose } from '../math/pose.js';
import { intrinsicsFromK } from '../perception/camera-model.js';
import { colorPixels, depthPixels } from '../perception/image-frame.js';
import { createPolicyFrame, samplePolicyFrame } from '../perception/policy-image.js';
import { Robot } from '../robot/robot.js';
import { Level } from '../ros/diagnostics.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { objectMarkers } from '../ros/marker-messages.js';
import type { Message, ServiceResponse, Stamp } from '../ros/messages.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import { type AnswerContext, foreseenImage, predictionMessage, worldMessage } from '../ros/policy-messages.js';
import { readPose } from '../ros/pose-messages.js';
import type { Publisher } from '../ros/publisher.js';
import { latched, reliable, sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';
import { toSeconds } from '../ros/time.js';

type FusedObservation = Message<'cosmos_humanoid/msg/FusedObservation'>;

const PARAMETERS = {
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
  tier: {
    type: 'string',
    default: '',
    choices: ['', ...TIERS],
    description: 'Deployment tier of config/deployment.yaml; empty: as backend, model and embodiment say.',
  },
  backend: {
    type: 'string',
    default: 'onnx',
    choices: ['onnx', 'openpi', 'cosmos3', 'gr00t', 'kserve'],
    description: 'Where the policy runs: here (onnx), or on a server that speaks this protocol.',
  },
  embodiment: {
    type: 'string',
    default: 'config/policies/openpi_droid.yaml',
    description: 'How a served policy calls cameras and joints, a file relative to the package.',
  },
  policy_url: { type: 'string', default: '', description: 'Address of the server; empty: that of the embodiment.' },
  model: { type: 'string', default: 'models/cosmos3_micro', description: 'Folder of the model and its card.json.' },
  camera: { type: 'string', default: 'head_camera', description: 'Camera that the policy sees through.' },
  rate: { type: 'double', default: 5, minimum: 0.1, maximum: 10, description: 'Most inferences a second, Hz.' },
  threads: { type: 'integer', default: 1, minimum: 1, maximum: 64, description: 'Threads of the inference.' },
  candidates: { type: 'integer', default: 4, minimum: 1, maximum: 64, description: 'Action chunks sampled each time.' },
  steps: { type: 'integer', default: 4, minimum: 1, maximum: 100, description: 'Steps of the action sampler.' },
} as const satisfies ParameterDeclarations;

interface Publishers {
  readonly prediction: Publisher<'cosmos_humanoid/msg/ActionPrediction'>;
  readonly world: Publisher<'cosmos_humanoid/msg/WorldState'>;
  readonly markers: Publisher<'visualization_msgs/msg/MarkerArray'>;
  readonly foreseen: Publisher<'sensor_msgs/msg/Image'>;
}

/** Predicts what to do about the instruction from what the cameras and joints tell, and nothing else. */
class CosmosInferenceNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  readonly #frame = createPolicyFrame();
  readonly #transform = new Float64Array(12);
  #robot!: Robot;
  #loader!: PolicyLoader;
  #lease: PolicyLease | undefined;
  #backend!: PolicyBackend;
  #session!: PolicySession;
  #instruction = '';
  #latest: FusedObservation | undefined;
  #next = 0;
  #busy = false;
  #predictions = 0;
  #refusal = '';

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  async configure(): Promise<void> {
    const { robot, threads, tier, backend, model, embodiment, policy_url: url } = this.#node.parameters;
    this.#robot = Robot.load(packagePath(robot));
    this.#loader = new PolicyLoader(this.#robot, threads, packagePath);
    if (isTier(tier)) await this.#useTier(tier);
    else this.#use(await this.#loader.open(backend === 'onnx' ? { backend, model } : { backend, embodiment, url }));
  }

  async cleanup(): Promise<void> {
    await this.#loader.dispose();
  }

  activate(): void {
    const node = this.#node;
    this.#latest = undefined;
    this.#next = 0;
    const prediction = node.createPublisher(
      'cosmos_humanoid/msg/ActionPrediction',
      'cosmos/action_prediction',
      reliable(),
    );
    const world = node.createPublisher('cosmos_humanoid/msg/WorldState', 'cosmos/world_state', reliable());
    const markers = node.createPublisher('visualization_msgs/msg/MarkerArray', 'cosmos/markers', reliable());
    const foreseen = node.createPublisher('sensor_msgs/msg/Image', 'cosmos/predicted_image', sensorData(1));
    node.createSubscription('std_msgs/msg/String', 'instruction', latched(), ({ data }) => {
      this.#instruction = data;
      this.#session.reset();
    });
    node.createSubscription(
      'cosmos_humanoid/msg/FusedObservation',
      'camera_fusion/observation',
      sensorData(1),
      (message) => {
        this.#latest = message;
        if (this.#instruction !== '' && !this.#busy && node.now() >= this.#next)
          void this.#predict(message, { prediction, world, markers, foreseen });
      },
    );
    this.#offerServices();
    node.own(node.diagnostics.addSource(() => this.#report()));
  }

  async #predict(observation: FusedObservation, to: Publishers): Promise<void> {
    const node = this.#node;
    const instruction = this.#instruction;
    this.#busy = true;
    // Observations come on the cameras' beat: half of it is allowed, so that no beat is missed by a hair.
    this.#next = node.now() + 1 / node.parameters.rate - 0.03;
    try {
      const started = performance.now();
      const senses = this.#senses(observation);
      const preprocess = performance.now() - started;
      const answers = await this.#session.infer(senses, instruction);
      // An instruction that was taken back meanwhile moves nothing.
      if (!node.active || this.#instruction !== instruction) return;
      const { stamp } = observation.header;
      for (const answer of answers)
        to.prediction.publish(predictionMessage(answer, this.#context(instruction, stamp), preprocess));
      await this.#tellWorld(answers[0]!, observation, instruction, to);
      this.#predictions++;
      this.#refusal = '';
    } catch (error) {
      this.#refusal = (error as Error).message;
      node.warn('inference', this.#refusal);
    } finally {
      this.#busy = false;
    }
  }

  /** After the actions, which nothing is to delay. */
  async #tellWorld(
    answer: PolicyAnswer,
    { header: { stamp }, cameras }: FusedObservation,
    instruction: string,
    { world, markers, foreseen }: Publishers,
  ): Promise<void> {
    const { best, foresee } = answer.prediction;
    const expected = await foresee?.(best, foreseen.subscriptionCount > 0);
    const state = worldMessage(answer, this.#context(instruction, stamp), expected);
    world.publish(state);
    if (markers.subscriptionCount > 0) markers.publish(objectMarkers(state));
    const last = expected?.frames.at(-1);
    if (last === undefined) return;
    const camera = cameras.find(({ name }) => name === this.#node.parameters.camera)!;
    foreseen.publish(foreseenImage(last, toSeconds(stamp), camera.color.header.frame_id));
  }

  /** @throws Error where the observation lacks the policy's camera or a hand, or an image is malformed */
  #senses({ header, cameras, commanded, measured, joint_positions }: FusedObservation): PolicySenses {
    const { camera: name } = this.#node.parameters;
    const camera = cameras.find((candidate) => candidate.name === name);
    if (camera === undefined) throw new Error(`the observation has no camera ${name}`);
    const { color, depth, camera_info, pose } = camera;
    const feel = (arm: Arm): HandSenses => {
      const [i, j] = [commanded.arms.indexOf(arm), measured.arms.indexOf(arm)];
      if (i < 0 || j < 0) throw new Error(`the observation has no ${arm} hand`);
      return {
        commandedPose: readPose(commanded.poses[i]!, new Float64Array(7)),
        commandedGripper: commanded.grippers[i]!,
        measuredPose: readPose(measured.poses[j]!, new Float64Array(7)),
      };
    };
    transformFromPose(readPose(pose, new Float64Array(7)), this.#transform);
    samplePolicyFrame(
      colorPixels(color),
      depthPixels(depth),
      intrinsicsFromK(color.width, color.height, camera_info.k),
      this.#transform,
      this.#frame,
    );
    return {
      stamp: toSeconds(header.stamp),
      frame: this.#frame,
      pictures: new Map(cameras.map(({ name, color }) => [name, { ...color, color: colorPixels(color) }])),
      hands: { left: feel('left'), right: feel('right') },
      positions: joint_positions as Float64Array,
    };
  }

  #context(instruction: string, stamp: Stamp): AnswerContext {
    return { instruction, stamp, published: this.#node.stamp(), frame: this.#robot.baseFrame };
  }

  /** Answers for the latest observation, without moving anything. */
  #offerServices(): void {
    const node = this.#node;
    const ask = async (wanted: string, options: PolicySessionOptions, seed?: number) => {
      const instruction = wanted || this.#instruction;
      if (this.#latest === undefined) throw new Error('no observation yet; is camera_fusion active?');
      if (instruction === '') throw new Error('no instruction is in force; name one in the request');
      const session = new PolicySession(this.#backend, options);
      const [answer] = await session.infer(this.#senses(this.#latest), instruction, options, seed);
      return { answer: answer!, instruction, stamp: this.#latest.header.stamp };
    };
    const { candidates, steps } = node.parameters;

    node.createService('cosmos_humanoid/srv/PredictAction', 'cosmos/predict_action', async (request) => {
      const options = { candidates: Math.max(1, request.num_candidates), steps };
      const { answer, instruction, stamp } = await ask(request.instruction, options, Number(request.seed));
      const prediction = predictionMessage(answer, this.#context(instruction, stamp), 0);
      return { success: true, message: '', prediction } as ServiceResponse<'cosmos_humanoid/srv/PredictAction'>;
    });
    node.createService('cosmos_humanoid/srv/UnderstandScene', 'cosmos/understand_scene', async (request) => {
      const { answer, instruction, stamp } = await ask(request.instruction, { candidates, steps });
      const { best, foresee } = answer.prediction;
      const state = worldMessage(answer, this.#context(instruction, stamp), await foresee?.(best, false));
      const description = answer.prediction.objects
        .map(({ slot, position }) => `The ${slot} is at ${position.map((p) => p.toFixed(2)).join(', ')} m.`)
        .join(' ');
      return {
        success: true,
        message: '',
        world_state: state,
        description,
      } as ServiceResponse<'cosmos_humanoid/srv/UnderstandScene'>;
    });
    node.createService('cosmos_humanoid/srv/LoadModel', 'cosmos/load_model', async ({ path }) => {
      const started = performance.now();
      // The policy in use stays where the new one is refused.
      if (isTier(path)) await this.#useTier(path);
      else
        this.#use(await this.#loader.open({ backend: 'onnx', model: path.startsWith('/') ? path : `models/${path}` }));
      const { policy } = this.#backend.description;
      return { success: true, message: '', policy, duration: (performance.now() - started) / 1000 };
    });
  }

  async #useTier(tier: Tier): Promise<void> {
    this.#use(await this.#loader.openTier(tier, loadTiers(packagePath('config/deployment.yaml'))));
  }

  /** Goes on with another policy. */
  #use(lease: PolicyLease): void {
    const { candidates, steps } = this.#node.parameters;
    this.#lease?.release();
    this.#lease = lease;
    this.#backend = lease.backend;
    this.#session = new PolicySession(lease.backend, { candidates, steps });
    this.#node.log.info(`policy ${lease.backend.description.policy}`);
  }

  #report(): void {
    const bad = this.#refusal !== '';
    this.#node.diagnostics.report('inference', bad ? Level.warning : Level.ok, bad ? this.#refusal : 'ok', {
      model: this.#backend.description.policy,
      predictions: this.#predictions,
      late: this.#loader.deadlines.dropped,
    });
  }
}

await runNode({
  name: 'cosmos_inference',
  niceness: 2,
  parameters: PARAMETERS,
  create: (node) => new CosmosInferenceNode(node),
});
