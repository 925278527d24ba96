import type { Arm } from '../action/action-chunk.js';
import { OnnxBackend } from '../cosmos/onnx-backend.js';
import type { HandSenses, PolicyBackend, PolicySenses } from '../cosmos/policy-backend.js';
import { type PolicyAnswer, PolicySession, type PolicySessionOptions } from '../cosmos/policy-session.js';
import { loadEmbodiment } from '../cosmos/served/embodiment.js';
import { ServedBackend } from '../cosmos/served/served-backend.js';
import { nameObjects, spatialRelations } from '../cosmos/world-state.js';
import { transformFromPose } from '../math/pose.js';
import { intrinsicsFromK } from '../perception/camera-model.js';
import { colorPixels, depthPixels } from '../perception/image-frame.js';
import { createPolicyFrame, samplePolicyFrame } from '../perception/policy-image.js';
import { Kinematics } from '../robot/kinematics.js';
import { Robot } from '../robot/robot.js';
import { Level } from '../ros/diagnostics.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import type { Message, MessageInput, ServiceResponse, Stamp } from '../ros/messages.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import { poseMessage, readPose } from '../ros/pose-messages.js';
import type { Publisher } from '../ros/publisher.js';
import { latched, reliable, sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';
import { toSeconds } from '../ros/time.js';

type FusedObservation = Message<'cosmos_humanoid/msg/FusedObservation'>;

/** Physical quantities of a WorldState; this model estimates none of them. */
const QUANTITIES = 16;

const PARAMETERS = {
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
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

/** Predicts what to do about the instruction from what the cameras and joints tell, and nothing else. */
class CosmosInferenceNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  readonly #frame = createPolicyFrame();
  readonly #transform = new Float64Array(12);
  #robot!: Robot;
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
    const { robot, model, backend } = this.#node.parameters;
    this.#robot = Robot.load(packagePath(robot));
    if (backend === 'onnx') await this.#loadModel(packagePath(model));
    else await this.#connect();
  }

  async cleanup(): Promise<void> {
    await this.#backend.dispose();
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
          void this.#predict(message, prediction, world);
      },
    );
    this.#offerServices();
    node.own(node.diagnostics.addSource(() => this.#report()));
  }

  async #predict(
    observation: FusedObservation,
    prediction: Publisher<'cosmos_humanoid/msg/ActionPrediction'>,
    world: Publisher<'cosmos_humanoid/msg/WorldState'>,
  ): Promise<void> {
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
      for (const answer of answers) prediction.publish(this.#predictionMessage(answer, instruction, stamp, preprocess));
      world.publish(this.#worldMessage(answers[0]!, instruction, stamp));
      this.#predictions++;
      this.#refusal = '';
    } catch (error) {
      this.#refusal = (error as Error).message;
      node.warn('inference', this.#refusal);
    } finally {
      this.#busy = false;
    }
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

  #predictionMessage(
    { prediction, chunk }: PolicyAnswer,
    instruction: string,
    stamp: Stamp,
    preprocess: number,
  ): MessageInput<'cosmos_humanoid/msg/ActionPrediction'> {
    const { actions, candidates, horizon, best, confidence, feasibility, objects, timings, policy } = prediction;
    const size = actions.length / candidates;
    const weight = 1 / candidates;
    const mean = Float64Array.from({ length: size }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < candidates; k++) sum += actions[k * size + i]!;
      return sum * weight;
    });
    const deviation = mean.map((average, i) => {
      let squares = 0;
      for (let k = 0; k < candidates; k++) squares += (actions[k * size + i]! - average) ** 2;
      return Math.sqrt(squares * weight);
    });
    const milliseconds = { preprocess, ...timings };
    return {
      header: { stamp, frame_id: this.#robot.baseFrame },
      published: this.#node.stamp(),
      policy,
      instruction,
      arm: chunk.arm,
      representation: 'anchor_relative',
      anchor: poseMessage(chunk.anchor),
      dt: chunk.dt,
      num_candidates: candidates,
      horizon,
      dimension: size / horizon,
      candidates: actions,
      weights: new Float64Array(candidates).fill(weight),
      best,
      mean,
      deviation,
      confidence,
      feasibility: feasibility[best]!,
      objects: objects.map(({ slot, position, standardDeviation }) => objectMessage(slot, position, standardDeviation)),
      stages: Object.entries(milliseconds).map(([stage, time]) => ({ stage, duration: time / 1000 })),
    };
  }

  #worldMessage(
    { prediction }: PolicyAnswer,
    instruction: string,
    stamp: Stamp,
  ): MessageInput<'cosmos_humanoid/msg/WorldState'> {
    const objects = nameObjects(prediction.objects, {});
    const unknown = new Float64Array(QUANTITIES).fill(Number.NaN);
    return {
      header: { stamp, frame_id: this.#robot.baseFrame },
      published: this.#node.stamp(),
      policy: prediction.policy,
      instruction,
      objects: objects.map(({ name, position, standardDeviation }) => objectMessage(name, position, standardDeviation)),
      relations: spatialRelations(objects, {}).map(({ subject, predicate, object, probability }) => ({
        subject,
        predicate,
        object,
        confidence: probability,
      })),
      quantities: unknown,
      quantity_deviations: unknown,
      uncertainty:
        objects.reduce((sum, { standardDeviation }) => sum + standardDeviation, 0) / Math.max(objects.length, 1),
      confidence: prediction.confidence,
    };
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
      const prediction = this.#predictionMessage(answer, instruction, stamp, 0);
      return { success: true, message: '', prediction } as ServiceResponse<'cosmos_humanoid/srv/PredictAction'>;
    });
    node.createService('cosmos_humanoid/srv/UnderstandScene', 'cosmos/understand_scene', async (request) => {
      const { answer, instruction, stamp } = await ask(request.instruction, { candidates, steps });
      const state = this.#worldMessage(answer, instruction, stamp);
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
      const old = this.#backend;
      await this.#loadModel(path.startsWith('/') ? path : packagePath(`models/${path}`));
      await old.dispose();
      const { policy } = this.#backend.description;
      return { success: true, message: '', policy, duration: (performance.now() - started) / 1000 };
    });
  }

  /** Loads a model; the one in use stays where the new one is refused. */
  #loadModel(directory: string): Promise<void> {
    return this.#use(new OnnxBackend(directory, this.#robot.names, this.#node.parameters.threads));
  }

  /** Connects to a policy server. @throws Error where the map is for another protocol */
  async #connect(): Promise<void> {
    const { backend, embodiment: file, policy_url } = this.#node.parameters;
    const embodiment = loadEmbodiment(packagePath(file));
    if (embodiment.protocol !== backend) {
      throw new Error(`${file} is for ${embodiment.protocol}, not for ${backend}: name the embodiment of this backend`);
    }
    const url = policy_url || embodiment.url;
    await this.#use(new ServedBackend({ ...embodiment, url }, this.#robot, await Kinematics.create(this.#robot)));
  }

  async #use(backend: PolicyBackend): Promise<void> {
    await backend.load();
    const { candidates, steps } = this.#node.parameters;
    this.#backend = backend;
    this.#session = new PolicySession(backend, { candidates, steps });
    this.#node.log.info(`policy ${backend.description.policy}`);
  }

  #report(): void {
    const bad = this.#refusal !== '';
    this.#node.diagnostics.report('inference', bad ? Level.warning : Level.ok, bad ? this.#refusal : 'ok', {
      model: this.#backend.description.policy,
      predictions: this.#predictions,
    });
  }
}

function objectMessage(
  name: string,
  [x, y, z]: readonly [number, number, number],
  deviation: number,
): MessageInput<'cosmos_humanoid/msg/ObjectEstimate'> {
  const orientation = { x: 0, y: 0, z: 0, w: 1 };
  return { name, pose: { position: { x, y, z }, orientation }, position_deviation: deviation, confidence: 1 };
}

await runNode({
  name: 'cosmos_inference',
  niceness: 2,
  parameters: PARAMETERS,
  create: (node) => new CosmosInferenceNode(node),
});
