import type { CameraPicture, PolicyBackend, PolicySenses } from '../cosmos/policy-backend.js';
import { RetryDelay } from '../cosmos/served/retry-delay.js';
import { createPolicyFrame, type PolicyFrame } from '../perception/policy-image.js';
import type { Kinematics } from '../robot/kinematics.js';
import type { Robot } from '../robot/robot.js';
import { type EngineAnswer, type InferenceEngine, UnavailableError } from './inference-engine.js';
import { parseRequest, servedRequest } from './inference-request.js';
import { decodePicture } from './picture-decoder.js';
import { RequestSenses } from './request-senses.js';

/** The camera whose picture is a request's `image`. */
const HEAD = 'head_camera';

/** A request as what a robot senses. */
export interface ServedQuestion {
  readonly senses: PolicySenses;
  readonly instruction: string;
}

/**
 * Answers with a policy on a server, one question at a time, as such servers want it. Connects when it is first needed,
 * and anew where the connection was lost; a server that fails is left alone for a while (RetryDelay).
 */
export class ServedEngine implements InferenceEngine<ServedQuestion> {
  readonly schema = servedRequest;
  readonly batch = 1;
  readonly #backend: PolicyBackend;
  readonly #cameras: readonly string[];
  readonly #senses: RequestSenses;
  readonly #delay = new RetryDelay();
  /** Served policies look at whole pictures. */
  readonly #frame: PolicyFrame = createPolicyFrame();
  #connecting: Promise<void> | undefined;
  #connected = false;
  #ready = false;

  /** @param cameras that the policy looks through */
  constructor(backend: PolicyBackend, cameras: readonly string[], robot: Robot, kinematics: Kinematics) {
    this.#backend = backend;
    this.#cameras = [...new Set(cameras)];
    this.#senses = new RequestSenses(robot, kinematics);
  }

  get policy(): string {
    return this.#backend.description.policy;
  }

  get ready(): boolean {
    return this.#ready;
  }

  /** Reaches for the server, once however many ask. @throws UnavailableError why it cannot be reached */
  async connect(): Promise<void> {
    if (this.#connected) return;
    this.#connecting ??= this.#connect().finally(() => {
      this.#connecting = undefined;
    });
    await this.#connecting;
  }

  read(body: unknown): ServedQuestion {
    const request = parseRequest(servedRequest, body);
    const given = new Map(Object.entries(request.pictures)).set(HEAD, request.image);
    const missing = this.#cameras.filter((camera) => !given.has(camera));
    if (missing.length > 0) {
      throw new Error(`pictures: the policy looks through ${missing.join(', ')} too, of which there is no picture`);
    }
    const pictures = new Map<string, CameraPicture>();
    for (const camera of this.#cameras) {
      const key = camera === HEAD ? 'image' : `pictures.${camera}`;
      pictures.set(camera, decodePicture(key, given.get(camera)!));
    }
    const senses = { stamp: 0, frame: this.#frame, pictures, ...this.#senses.read(request) };
    return { senses, instruction: request.instruction };
  }

  async answer(questions: readonly ServedQuestion[]): Promise<EngineAnswer[]> {
    await this.connect();
    const answers: EngineAnswer[] = [];
    for (const { senses, instruction } of questions) {
      const session = this.#backend.createSession();
      const predictions = await this.#try(() =>
        session.infer(senses, instruction, { candidates: 1, steps: 1, seed: 0 }),
      );
      answers.push({ predictions, dt: this.#backend.description.dt });
    }
    return answers;
  }

  async #connect(): Promise<void> {
    await this.#try(async () => {
      this.#delay.check(performance.now() / 1000);
      try {
        await this.#backend.load();
      } catch (error) {
        this.#delay.failed((error as Error).message, performance.now() / 1000);
        throw error;
      }
      this.#delay.succeeded();
    });
    this.#connected = true;
  }

  async #try<T>(work: () => Promise<T>): Promise<T> {
    try {
      const result = await work();
      this.#ready = true;
      return result;
    } catch (error) {
      this.#ready = false;
      throw new UnavailableError((error as Error).message, { cause: error });
    }
  }
}
