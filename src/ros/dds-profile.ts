import { packagePath } from './package-path.js';

/** Fast DDS 2 and 3. */
const VARIABLES = ['FASTRTPS_DEFAULT_PROFILES_FILE', 'FASTDDS_DEFAULT_PROFILES_FILE'] as const;

/**
 * Has Fast DDS, where it is the middleware, take this package's profile, unless the user has one. To be called before
 * ROS is initialised.
 */
export function useDdsProfile(): void {
  if (VARIABLES.some((name) => process.env[name] !== undefined)) return;
  for (const name of VARIABLES) process.env[name] = packagePath('config/fastdds.xml');
}
