/**
 * Puts the ROS graph of this process, and of those that it starts, on a domain of its own, so that it meets no other
 * on this machine. Import it before anything that starts ROS.
 */
process.env.ROS_DOMAIN_ID ??= String(1 + (process.pid % 100));
