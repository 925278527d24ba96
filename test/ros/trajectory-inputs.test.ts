import './domain.js';
import { expect } from 'chai';
import { Clearance } from '../../src/planning/clearance.js';
import { MotionPlanner, planningStep } from '../../src/planning/motion-planner.js';
import { PlanningClock } from '../../src/planning/planning-clock.js';
import { TrajectoryFollower } from '../../src/planning/trajectory-follower.js';
import type { TrajectoryOutcome } from '../../src/planning/trajectory-goal.js';
import { Kinematics } from '../../src/robot/kinematics.js';
import { type OpenNode, openNode } from '../../src/ros/open-node.js';
import { reliable, sensorData } from '../../src/ros/qos.js';
import { TrajectoryInputs } from '../../src/ros/trajectory-inputs.js';
import { goal, point } from '../planning/trajectory-goal-fixture.js';
import { robot } from '../robot/robot-fixture.js';

const work = robot.posture('table_work');
const size = robot.names.length;

describe('TrajectoryInputs', () => {
  let open: OpenNode;
  let kinematics: Kinematics;
  let outcomes: TrajectoryOutcome[];
  let told: string[];
  before(async () => {
    kinematics = await Kinematics.create(robot);
  });
  after(() => kinematics.delete());
  beforeEach(async () => {
    open = await openNode('trajectory_inputs');
    const planner = new MotionPlanner(robot, kinematics, work, new Clearance(robot, kinematics));
    const follower = new TrajectoryFollower(robot, planner);
    const clock = new PlanningClock(planningStep);
    clock.start(open.node.now());
    new TrajectoryInputs(open.node, robot, follower, clock, () => undefined);
    told = [];
    open.node.createSubscription('rcl_interfaces/msg/Log', '/rosout', reliable(10), ({ msg }) => told.push(msg));
    outcomes = [];
    const head = point(60, [work[robot.index('head_yaw_joint')] + 0.2], [0]);
    follower.start(goal(['head_yaw_joint'], [head]), (outcome) => outcomes.push(outcome));
  });
  afterEach(() => open.close());

  /** Publishes measurements while a trajectory is followed, until `holds`. */
  async function measure(holds: () => boolean, name: readonly string[], position: ArrayLike<number>): Promise<void> {
    const joints = open.node.createPublisher('sensor_msgs/msg/JointState', 'joint_states', sensorData());
    const velocity = new Float64Array(name.length);
    while (!holds()) {
      joints.publish({
        header: { stamp: open.node.stamp(), frame_id: '' },
        name: [...name],
        position: Float64Array.from(position),
        velocity,
        effort: [],
      });
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  const says = (text: string) => () => told.some((line) => line.includes(text));

  it('says that measurements of another robot are none, and judges no trajectory by them', async () => {
    await measure(says(`joint_states is not of all ${size} joints`), ['wheel'], [3]);
    expect(outcomes).to.deep.equal([]);
  });

  it('says that measurements in another order are none', async () => {
    await measure(says('joints in URDF order'), [...robot.names].reverse(), work);
    expect(outcomes).to.deep.equal([]);
  });

  it('says that what is not finite is no measurement', async () => {
    await measure(
      says('no finite numbers'),
      robot.names,
      work.map((value, i) => (i === 7 ? Number.NaN : value)),
    );
    expect(outcomes).to.deep.equal([]);
  });
});
