import { packagePath } from '../../src/ros/package-path.js';
import { Findings, type SafetyEvent } from '../../src/safety/findings.js';
import type { JointLimits } from '../../src/safety/joint-rules.js';
import { loadSafetyConfig, type SafetyConfig } from '../../src/safety/safety-config.js';

/** Two joints, ±1 rad, 2 rad/s, 10 N·m. */
export const limits: JointLimits = {
  names: ['left_elbow_joint', 'right_elbow_joint'],
  lower: Float64Array.of(-1, -1),
  upper: Float64Array.of(1, 1),
  velocityLimit: Float64Array.of(2, 2),
  effortLimit: Float64Array.of(10, 10),
};

const shipped = loadSafetyConfig(packagePath('config/safety.yaml'));

/** The shipped configuration, without what is said of joints that the two are not. */
export const config: SafetyConfig = {
  ...shipped,
  limits: {
    ...shipped.limits,
    tracking: { ...shipped.limits.tracking, error: { '.*': 0.4 } },
    thermal: { ...shipped.limits.thermal, continuous: { '.*': 0.4 } },
  },
};

export function makeFindings(onEvent?: (event: SafetyEvent) => void): Findings {
  return new Findings(config.causes, onEvent);
}

/** Reasons in words. */
export function texts(findings: Findings): string[] {
  return findings.reasons().map(({ text }) => text);
}
