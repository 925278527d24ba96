import type { Random } from '../math/random.js';
import { type Declaration, type Fault, type PreparedFault, TOLERATED } from './fault.js';

/** Joints that move while the robot works. */
const ARM = [
  'right_shoulder_pitch_joint',
  'right_shoulder_roll_joint',
  'right_shoulder_yaw_joint',
  'right_elbow_joint',
  'right_wrist_roll_joint',
  'right_wrist_pitch_joint',
];
const DURATION = [0.3, 1.5] as const;
/** Bias of an encoder that nobody can notice, and jump that everybody must, rad. */
const BIAS = 0.02;
const JUMP = [0.3, 1] as const;
/** About any axis, rad/s. */
const GYRO_BIAS = [0.1, 0.5] as const;
/** Force of a push, N, less than what makes it step with moving arms, and how long it lasts, s. */
const PUSH = [50, 125] as const;
const PUSH_TIME = 0.2;

/** What a joint whose encoder says the same for ever may lead to. */
const FROZEN = ['joint_frozen', 'tracking_error', 'state_implausible'] as const;
/** And where nothing tells the joints' motion. */
const BLIND = [...FROZEN, 'estimate_degraded'] as const;

const at = (...causes: Declaration['causes']): Declaration => ({ causes, visibleAfter: 0.02 });
/** Depends on how the arm moves just then. */
const perhaps = (visibleAfter: number, ...causes: Declaration['causes']): Declaration => ({
  causes,
  visibleAfter,
  optional: true,
});

/** Sensors, drives and body of the simulated robot. */
export function robotFaults(): Fault[] {
  return [
    {
      name: 'encoder dropout',
      prepare: (random) => onJoint('encoder_dropout', random, at('state_not_finite', 'joint_not_finite')),
    },
    {
      name: 'encoder jump',
      prepare: (random) => {
        const jump = random.pick([-1, 1]) * random.uniform(...JUMP);
        return onJoint('encoder_offset', random, at('state_implausible'), [jump]);
      },
    },
    { name: 'encoder bias', prepare: (random) => onJoint('encoder_offset', random, TOLERATED, [BIAS]) },
    {
      name: 'encoder freeze',
      prepare: (random) => onJoint('encoder_freeze', random, perhaps(2, ...FROZEN)),
    },
    {
      name: 'all encoders freeze',
      prepare: (random) => ({
        ...onJoint('encoder_freeze', random, perhaps(2, ...BLIND), []),
        ...anywhere('encoder_freeze', random.uniform(...DURATION), []),
      }),
    },
    { name: 'IMU dropout', prepare: (random) => everywhere('imu_dropout', random, at('imu_invalid'), []) },
    {
      name: 'IMU freeze',
      prepare: (random) => everywhere('imu_freeze', random, { causes: ['imu_frozen'], visibleAfter: 0.15 }, []),
    },
    {
      name: 'IMU bias',
      prepare: (random) => {
        const bias = random.pick([-1, 1]) * random.uniform(...GYRO_BIAS);
        const axis = random.integer(3);
        const value = [0, 1, 2].map((k) => (k === axis ? bias : 0));
        return everywhere('imu_offset', random, perhaps(0.5, 'estimate_degraded', 'foot_slipped'), value);
      },
    },
    {
      name: 'joint stuck',
      prepare: (random) => onJoint('joint_stuck', random, perhaps(2, 'tracking_error', 'joint_frozen', 'joint_torque')),
    },
    {
      name: 'torque loss',
      prepare: (random) =>
        onJoint(
          'torque_loss',
          random,
          perhaps(2, 'tracking_error', 'joint_velocity', 'joint_position', 'self_collision'),
        ),
    },
    {
      name: 'push',
      prepare: (random) => {
        const [force, angle] = [random.uniform(...PUSH), random.uniform(0, 2 * Math.PI)];
        const value = [force * Math.cos(angle), force * Math.sin(angle), 0];
        // On its own feet it stays up, but a sole may slide.
        const declared = perhaps(0.5, 'foot_slipped');
        return { ...everywhere('push', random, declared, value), ...anywhere('push', PUSH_TIME, value) };
      },
    },
  ];
}

function onJoint(kind: string, random: Random, declared: Declaration, value: readonly number[] = []): PreparedFault {
  const joint = random.pick(ARM);
  const duration = random.uniform(...DURATION);
  const figures = value.map((figure) => figure.toFixed(2)).join(' ');
  return {
    detail: `${joint} ${figures} for ${duration.toFixed(2)} s`,
    declared,
    duration,
    silences: false,
    disarranges: true,
    inject: (graph) => graph.injectInRobot(kind, joint, value, duration),
  };
}

function everywhere(kind: string, random: Random, declared: Declaration, value: readonly number[]): PreparedFault {
  return {
    declared,
    silences: false,
    disarranges: false,
    ...anywhere(kind, random.uniform(...DURATION), value),
  };
}

function anywhere(
  kind: string,
  duration: number,
  value: readonly number[],
): Pick<PreparedFault, 'detail' | 'duration' | 'inject'> {
  return {
    detail: `${value.map((figure) => figure.toFixed(2)).join(' ')} for ${duration.toFixed(2)} s`.trim(),
    duration,
    inject: (graph) => graph.injectInRobot(kind, '', value, duration),
  };
}
