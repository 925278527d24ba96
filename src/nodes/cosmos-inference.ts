import { monotonicSeconds } from '../control/monotonic-clock.js';
import { bestActions, type PolicyBackend } from '../cosmos/policy-backend.js';
import { type PolicyAnswer, PolicySession, type PolicySessionOptions } from '../cosmos/policy-session.js';
import { Turns } from '../cosmos/turns.js';
import { MOST_COURSES } from '../cosmos/world-generator.js';
import type { PolicyLease } from '../deployment/policy-cache.js';
import { PolicyLoader } from '../deployment/policy-loader.js';
import { isTier, loadTiers, TIERS, type Tier } from '../deployment/tiers.js';
import { Robot } from '../robot/robot.js';
import { Level } from '../ros/diagnostics.js';
import type { HumanoidNode, NodeHooks } from '../ros/humanoid-node.js';
import { objectMarkers } from '../ros/marker-messages.js';
import type { ServiceResponse, Stamp } from '../ros/messages.js';
import { type FusedObservation, ObservationReader } from '../ros/observation-reader.js';
import { packagePath } from '../ros/package-path.js';
import type { ParameterDeclarations } from '../ros/parameters.js';
import { type AnswerContext, foreseenImage, predictionMessage, worldMessage } from '../ros/policy-messages.js';
import type { Publisher } from '../ros/publisher.js';
import { latched, reliable, sensorData } from '../ros/qos.js';
import { runNode } from '../ros/run-node.js';
import { toSeconds } from '../ros/time.js';
import { offerWorldServices, type Present } from '../ros/world-services.js';

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
  rate: {
    type: 'double',
    default: 5,
    minimum: 0.1,
    maximum: 10,
    description: 'Most inferences a second, Hz; a tier may name its own.',
  },
  threads: { type: 'integer', default: 1, minimum: 1, maximum: 64, description: 'Threads of the inference.' },
  candidates: { type: 'integer', default: 5, minimum: 1, maximum: 64, description: 'Action chunks sampled each time.' },
  steps: { type: 'integer', default: 4, minimum: 1, maximum: 100, description: 'Steps of the action sampler.' },
} as const satisfies ParameterDeclarations;

/** How much earlier than due an inference may be, s: half a beat of the cameras. */
const MARGIN = 0.03;
/** How long an observation is kept for questions that come later, s, and how many at most. */
const REMEMBERED = 0.5;
const MOST = 16;

interface Publishers {
  readonly prediction: Publisher<'cosmos_humanoid/msg/ActionPrediction'>;
  readonly world: Publisher<'cosmos_humanoid/msg/WorldState'>;
  readonly markers: Publisher<'visualization_msgs/msg/MarkerArray'>;
  readonly foreseen: Publisher<'sensor_msgs/msg/Image'>;
}

/** Predicts what to do about the instruction from what the cameras and joints tell, and nothing else. */
class CosmosInferenceNode implements NodeHooks {
  readonly #node: HumanoidNode<typeof PARAMETERS>;
  #robot!: Robot;
  #reader!: ObservationReader;
  #loader!: PolicyLoader;
  #lease: PolicyLease | undefined;
  #backend!: PolicyBackend;
  #session!: PolicySession;
  /** The policy in use comes before the services' questions. */
  readonly #turns = new Turns();
  #instruction = '';
  /** The last observations, the newest at the end. */
  #recent: FusedObservation[] = [];
  #next = 0;
  /** Counts instructions and policies. */
  #turn = 0;
  /** Rate that the tier in use names, Hz. */
  #tierRate: number | undefined;
  #busy = false;
  #predictions = 0;
  #refusal = '';

  constructor(node: HumanoidNode<typeof PARAMETERS>) {
    this.#node = node;
  }

  async configure(): Promise<void> {
    const { robot, threads, tier, backend, model, embodiment, policy_url: url } = this.#node.parameters;
    this.#robot = Robot.load(packagePath(robot));
    this.#reader = new ObservationReader(this.#node.parameters.camera);
    this.#loader = new PolicyLoader(this.#robot, threads, packagePath);
    try {
      if (isTier(tier)) await this.#useTier(tier);
      else this.#use(await this.#loader.open(backend === 'onnx' ? { backend, model } : { backend, embodiment, url }));
    } catch (error) {
      await this.#loader.dispose();
      throw error;
    }
  }

  async cleanup(): Promise<void> {
    await this.#loader.dispose();
  }

  activate(): void {
    const node = this.#node;
    this.#recent = [];
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
      this.#turn++;
      this.#session.reset();
    });
    node.createSubscription(
      'cosmos_humanoid/msg/FusedObservation',
      'camera_fusion/observation',
      sensorData(1),
      (message) => {
        this.#remember(message);
        if (this.#instruction !== '' && !this.#busy && monotonicSeconds() >= this.#next)
          void this.#predict(message, { prediction, world, markers, foreseen });
      },
    );
    this.#offerServices();
    node.own(node.diagnostics.addSource(() => this.#report()));
  }

  get #rate(): number {
    return this.#tierRate ?? this.#node.parameters.rate;
  }

  async #predict(observation: FusedObservation, to: Publishers): Promise<void> {
    const node = this.#node;
    const [instruction, turn] = [this.#instruction, this.#turn];
    this.#busy = true;
    // Observations come on the cameras' beat: a part of it is allowed, so that no beat is missed by a hair.
    const period = 1 / this.#rate;
    this.#next = monotonicSeconds() + period - Math.min(MARGIN, 0.5 * period);
    try {
      let preprocess = 0;
      const infer = () => {
        const started = performance.now();
        const senses = this.#reader.read(observation);
        preprocess = performance.now() - started;
        return this.#session.infer(senses, instruction);
      };
      const answers = await this.#turns.take(infer, true);
      if (!node.active) return;
      // What was asked before another instruction, or of another policy, moves nothing, and is not gone on from.
      if (this.#turn !== turn) return this.#session.reset();
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
    const { prediction } = answer;
    const pictures = foreseen.subscriptionCount > 0;
    const expected = await prediction.foresee?.(bestActions(prediction), prediction.arm, pictures);
    const state = worldMessage(answer, this.#context(instruction, stamp), expected);
    world.publish(state);
    if (markers.subscriptionCount > 0) markers.publish(objectMarkers(state));
    const last = expected?.frames.at(-1);
    if (last === undefined) return;
    const camera = cameras.find(({ name }) => name === this.#node.parameters.camera)!;
    foreseen.publish(foreseenImage(last, toSeconds(stamp), camera.color.header.frame_id));
  }

  #context(instruction: string, stamp: Stamp): AnswerContext {
    return { instruction, stamp, published: this.#node.stamp(), frame: this.#robot.baseFrame };
  }

  #remember(observation: FusedObservation): void {
    const begin = toSeconds(observation.header.stamp) - REMEMBERED;
    this.#recent = [...this.#recent.filter(({ header }) => toSeconds(header.stamp) > begin), observation].slice(-MOST);
  }

  #present(): Present {
    const latest = this.#recent.at(-1);
    if (latest === undefined) throw new Error('no observation yet; is camera_fusion active?');
    const earlier = this.#recent.slice(0, -1);
    const backend = this.#backend;
    const { camera } = this.#node.parameters;
    return {
      opticalFrame: latest.cameras.find(({ name }) => name === camera)?.color.header.frame_id ?? '',
      senses: () => this.#reader.read(latest),
      session: () => {
        const session = new PolicySession(backend);
        for (const observation of earlier) session.observe(this.#reader.read(observation));
        return session;
      },
      context: (wanted) => {
        const instruction = wanted || this.#instruction;
        if (instruction === '') throw new Error('no instruction is in force; name one in the request');
        return this.#context(instruction, latest.header.stamp);
      },
    };
  }

  /** Answers for the latest observation, without moving anything. */
  #offerServices(): void {
    const node = this.#node;
    const ask = async (wanted: string, options: PolicySessionOptions, seed?: number) => {
      const present = this.#present();
      const context = present.context(wanted);
      const [answer] = await this.#turns.take(() =>
        present.session().infer(present.senses(), context.instruction, options, seed),
      );
      return { answer: answer!, context };
    };
    const { candidates, steps } = node.parameters;

    node.createService('cosmos_humanoid/srv/PredictAction', 'cosmos/predict_action', async (request) => {
      if (request.num_candidates > MOST_COURSES)
        throw new Error(`num_candidates is ${request.num_candidates}; at most ${MOST_COURSES} are drawn at once`);
      const options = { candidates: Math.max(1, request.num_candidates), steps };
      const { answer, context } = await ask(request.instruction, options, Number(request.seed));
      const prediction = predictionMessage(answer, context, 0);
      return { success: true, message: '', prediction } as ServiceResponse<'cosmos_humanoid/srv/PredictAction'>;
    });
    node.createService('cosmos_humanoid/srv/UnderstandScene', 'cosmos/understand_scene', async (request) => {
      const { answer, context } = await ask(request.instruction, { candidates, steps });
      const { prediction } = answer;
      const { foresee, arm } = prediction;
      const world = foresee && (await this.#turns.take(() => foresee(bestActions(prediction), arm, false)));
      const state = worldMessage(answer, context, world);
      const description = prediction.objects
        .map(({ slot, position }) => `The ${slot} is at ${position.map((p) => p.toFixed(2)).join(', ')} m.`)
        .join(' ');
      return {
        success: true,
        message: '',
        world_state: state,
        description,
      } as ServiceResponse<'cosmos_humanoid/srv/UnderstandScene'>;
    });
    const { camera } = node.parameters;
    const host = { turns: this.#turns, camera, steps, candidates, present: () => this.#present() };
    offerWorldServices(node, host);
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
    const tiers = loadTiers(packagePath('config/deployment.yaml'));
    const { policy_url: url } = this.#node.parameters;
    this.#use(await this.#loader.openTier(tier, tiers, url), tiers[tier].real_time?.target_fps);
  }

  /** Goes on with another policy. @param rate most inferences a second, Hz; where it is left out, the parameter */
  #use(lease: PolicyLease, rate?: number): void {
    this.#turn++;
    const { candidates, steps } = this.#node.parameters;
    this.#tierRate = rate;
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
      rate: this.#rate,
    });
  }
}

await runNode({
  name: 'cosmos_inference',
  niceness: 2,
  images: true,
  parameters: PARAMETERS,
  create: (node) => new CosmosInferenceNode(node),
});
