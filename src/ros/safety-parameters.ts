import type { ParameterDeclarations } from './parameters.js';

/** Parameters of the nodes that keep to the safety configuration. */
export const SAFETY_PARAMETERS = {
  safety: {
    type: 'string',
    default: 'config/safety.yaml',
    description: 'Safety configuration, a file relative to the package.',
  },
  patience: {
    type: 'double',
    default: 1,
    minimum: 1,
    maximum: 50,
    description: 'Factor on the limits of silence: above 1 for a machine that is busy with other things.',
  },
} as const satisfies ParameterDeclarations;
