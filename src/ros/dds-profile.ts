import { packagePath } from './package-path.js';

/** What names the profile to Fast DDS 2, and to Fast DDS 3, and what the package has for it. */
const PROFILES = {
  FASTRTPS_DEFAULT_PROFILES_FILE: 'config/fastrtps',
  FASTDDS_DEFAULT_PROFILES_FILE: 'config/fastdds',
} as const;

/**
 * Has Fast DDS, where it is the middleware, take a profile of this package, unless the user has one. To be called before
 * ROS is initialised.
 * @param sharesMemory messages go by shared memory where the other process has it too, else by sockets alone. It is for
 * images: who is killed or stopped while it holds a lock of shared memory holds up everybody who writes there
 */
export function useDdsProfile(sharesMemory: boolean): void {
  const profile = (file: string, shares: boolean) => packagePath(`${file}${shares ? '' : '_udp'}.xml`);
  // A process inherits the choice of the one that started it.
  const ours = Object.values(PROFILES).flatMap((file) => [profile(file, true), profile(file, false)]);
  const chosen = Object.keys(PROFILES).flatMap((name) => process.env[name] ?? []);
  if (chosen.some((file) => !ours.includes(file))) return;
  for (const [name, file] of Object.entries(PROFILES)) process.env[name] = profile(file, sharesMemory);
}
