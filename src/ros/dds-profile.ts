import { packagePath } from './package-path.js';

/** What names the profile to Fast DDS 2, and to Fast DDS 3, and what the package has for it. */
const PROFILES = {
  FASTRTPS_DEFAULT_PROFILES_FILE: 'config/fastrtps.xml',
  FASTDDS_DEFAULT_PROFILES_FILE: 'config/fastdds.xml',
} as const;

/**
 * Has Fast DDS, where it is the middleware, take this package's profile, unless the user has one. To be called before
 * ROS is initialised.
 */
export function useDdsProfile(): void {
  if (Object.keys(PROFILES).some((name) => process.env[name] !== undefined)) return;
  for (const [name, file] of Object.entries(PROFILES)) process.env[name] = packagePath(file);
}
