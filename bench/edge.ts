import { PolicyLoader } from '../src/deployment/policy-loader.js';
import { loadTiers, type Tier, type TierDeployment } from '../src/deployment/tiers.js';
import { percentile } from '../src/math/percentile.js';
import { createPolicyFrame } from '../src/perception/policy-image.js';
import { Kinematics } from '../src/robot/kinematics.js';
import { Robot } from '../src/robot/robot.js';
import { packagePath } from '../src/ros/package-path.js';

const DURATION = 20;
const INSTRUCTION = 'pick up the red cup and place it in the bin';

/**
 * The edge engine's real-time settings (30 a second, each within 50 ms) with the model of this package on this
 * computer's CPU: questions a second, answers a second, how many were late and dropped, and how long answers took (ms).
 */
export async function run(): Promise<{ figures: Record<string, number>; ratios: Record<string, number> }> {
  const robot = Robot.load(packagePath('config/robot.yaml'));
  const tiers = loadTiers(packagePath('config/deployment.yaml'));
  const { target_fps: rate, latency_budget: budget } = tiers.edge.real_time!;
  const loader = new PolicyLoader(robot, 1, packagePath);
  // Everything of the edge but what it runs and on what.
  const edge: TierDeployment = { ...tiers.micro, real_time: tiers.edge.real_time };
  const { backend } = await loader.openTier('edge', { ...tiers, edge } as Readonly<Record<Tier, TierDeployment>>);
  const session = backend.createSession();
  const kinematics = await Kinematics.create(robot);
  const positions = robot.posture('table_work');
  kinematics.setPositions(positions);
  const hand = (arm: 'left' | 'right') => {
    const pose = new Float64Array(7);
    kinematics.pose(kinematics.frame(robot.gripperFrames[arm]), pose);
    return { commandedPose: pose, commandedGripper: 0, measuredPose: pose };
  };
  const hands = { left: hand('left'), right: hand('right') };
  const frame = createPolicyFrame();

  const durations: number[] = [];
  const begin = performance.now();
  let asked = 0;
  while (performance.now() - begin < 1000 * DURATION) {
    const due = begin + (1000 * asked++) / rate;
    const wait = due - performance.now();
    if (wait > 0) await new Promise((resolve) => setTimeout(resolve, wait));
    const start = performance.now();
    const senses = { stamp: asked / rate, frame, pictures: new Map(), hands, positions };
    const answer = session.infer(senses, INSTRUCTION, { candidates: 5, steps: 4, seed: asked });
    await answer.then(
      () => durations.push(performance.now() - start),
      () => undefined,
    );
  }
  const seconds = (performance.now() - begin) / 1000;
  const { answered, dropped } = loader.deadlines;
  kinematics.delete();
  await loader.dispose();
  const figures = {
    asked_per_s: asked / seconds,
    answered_per_s: answered / seconds,
    dropped,
    answered_p50_ms: percentile(durations, 0.5),
    answered_p99_ms: percentile(durations, 0.99),
    answered_max_ms: Math.max(...durations),
  };
  return { figures, ratios: { longest_answer_over_budget: figures.answered_max_ms / (1000 * budget) } };
}
