// Where things are.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Root of the repository. */
export const REPOSITORY = dirname(dirname(fileURLToPath(import.meta.url)));

/** All that the set-up makes, apart from `node_modules/` and `dist/`; also the install prefix of this package. */
export const ROS_FOLDER = join(REPOSITORY, '.ros');

export const NODE_MODULES = join(REPOSITORY, 'node_modules');

/** The ROS 2 client library for Node. */
export const RCLNODEJS = join(NODE_MODULES, 'rclnodejs');
