import { defaultClearance } from '../planning/clearance.js';
import { separationDefaults } from '../planning/separation.js';
import { toleranceDefaults } from '../planning/trajectory-tolerances.js';
import type { ParameterDeclarations } from './parameters.js';

/** Parameters of motion_planner. */
export const motionPlannerParameters = {
  robot: { type: 'string', default: 'config/robot.yaml', description: 'Robot, a file relative to the package.' },
  posture: {
    type: 'string',
    default: 'table_work',
    description: 'Posture of the robot file to which redundant arms return.',
  },
  surface_height: {
    type: 'double',
    default: -0.05,
    minimum: -10,
    maximum: 10,
    description: 'Height of the work surface in base_link, m; far below where there is none.',
  },
  surface_edge: {
    type: 'double',
    default: 0.24,
    minimum: -10,
    maximum: 10,
    description: 'Where the work surface begins, x in base_link, m.',
  },
  surface_distance: {
    type: 'double',
    default: defaultClearance.surfaceDistance,
    minimum: 0,
    maximum: 1,
    description: 'Smallest distance between an arm and the work surface, m.',
  },
  body_distance: {
    type: 'double',
    default: defaultClearance.bodyDistance,
    minimum: 0,
    maximum: 1,
    description: 'Smallest distance between an arm and the own body, m.',
  },
  path_tolerance: {
    type: 'double',
    default: toleranceDefaults.path,
    minimum: 0,
    maximum: 10,
    description: 'How far a joint may leave a joint trajectory on its way, hands excepted, rad.',
  },
  goal_tolerance: {
    type: 'double',
    default: toleranceDefaults.goal,
    minimum: 0,
    maximum: 10,
    description: 'How far a joint may be off at the end of a joint trajectory, hands excepted, rad.',
  },
  human_speed: {
    type: 'double',
    default: separationDefaults.humanSpeed,
    minimum: 0,
    maximum: 10,
    description: 'Speed at which people may come nearer whatever is measured, m/s.',
  },
  reaction_time: {
    type: 'double',
    default: separationDefaults.reactionTime,
    minimum: 0.03,
    maximum: 2,
    description: "Time from a measurement of people's positions to the robot's first reaction, s.",
  },
  separation_margin: {
    type: 'double',
    default: separationDefaults.intrusion,
    minimum: 0,
    maximum: 5,
    description: 'How far people may reach beyond what is tracked of them, m.',
  },
} as const satisfies ParameterDeclarations;
