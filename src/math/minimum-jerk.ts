/**
 * The way from 0 to 1 with the least jerk (Flash and Hogan 1985): w = 10s³ − 15s⁴ + 6s⁵, which begins and ends without
 * speed and acceleration.
 * @param s share of the time, 0 … 1
 */
export function minimumJerk(s: number): number {
  return s ** 3 * (10 - 15 * s + 6 * s * s);
}

/** dw/ds = 30s²(1 − s)². @param s share of the time, 0 … 1 */
export function minimumJerkRate(s: number): number {
  return 30 * s * s * (1 - s) * (1 - s);
}
