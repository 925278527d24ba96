import { packagePath } from './package-path.js';

/** What names the profile to Fast DDS 2, and to Fast DDS 3, and what the package has for it. */
const PROFILES = {
  FASTRTPS_DEFAULT_PROFILES_FILE: 'config/fastrtps',
  FASTDDS_DEFAULT_PROFILES_FILE: 'config/fastdds',
} as const;
const ENDINGS = { shared: '.xml', apart: '_udp.xml' } as const;

/**
 * Has Fast DDS, where it is the middleware, take this package's profile, unless the user has one. To be called before
 * ROS is initialised.
 * @param apart the process shares no memory with others: who is killed or stopped while it holds a lock of shared memory
 * holds up everybody who writes to it
 */
export function useDdsProfile(apart = false): void {
  // A process inherits the choice of the one that started it.
  const ours = Object.values(PROFILES).flatMap((file) => Object.values(ENDINGS).map((end) => packagePath(file + end)));
  const chosen = Object.keys(PROFILES).flatMap((name) => process.env[name] ?? []);
  if (chosen.some((file) => !ours.includes(file))) return;
  const ending = apart ? ENDINGS.apart : ENDINGS.shared;
  for (const [name, file] of Object.entries(PROFILES)) process.env[name] = packagePath(file + ending);
}
