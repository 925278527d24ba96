import { timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)$/;

/** Who may talk to the bridge. */
export interface AccessRules {
  /** What every request has to name; undefined: none, for a bridge that only this machine can reach. */
  readonly token: string | undefined;
  /** Origins of pages, beside the bridge's own, that may connect, e.g. 'https://app.foxglove.dev'. */
  readonly origins: readonly string[];
}

/** What of a request decides whether it is served. */
export interface AccessRequest {
  /** Path and query, as the request has them. */
  readonly url?: string | undefined;
  readonly headers: IncomingHttpHeaders;
}

/** Why a request is not served. */
export interface Refusal {
  /** HTTP status: 401 without the token, 403 for another site's page. */
  readonly status: 401 | 403;
  /** In words, with the remedy. */
  readonly reason: string;
}

/** Whether an address to listen on, or the name by which it was reached, is that of this machine alone. */
export function isLoopback(host: string): boolean {
  return LOOPBACK.test(host);
}

/**
 * Judges a request by three questions.
 * - Is the page that sent it the bridge's own? Browsers name the page in `Origin` and let nobody change that; programs
 *   send none. Any other page, one of another port of this machine included, has to be listed.
 * - Does it come by a name of this machine? Asked where there is no token: a foreign name that resolves to 127.0.0.1
 *   would make another site's page look like the bridge's own (DNS rebinding).
 * - Does it name the token: `?token=…` or `Authorization: Bearer …`?
 * @returns undefined for a request to serve
 */
export function judgeRequest({ url, headers }: AccessRequest, { token, origins }: AccessRules): Refusal | undefined {
  const { host = '', origin } = headers;
  const own = origin === `http://${host}` || origin === `https://${host}`;
  if (origin !== undefined && !own && !origins.includes(origin)) {
    const remedy = 'list it in the parameter origins of operator_bridge if it may';
    return { status: 403, reason: `a page of ${origin} may not connect; ${remedy}` };
  }
  if (token === undefined) {
    const name = host.replace(/:\d+$/, '');
    if (isLoopback(name)) return undefined;
    return { status: 403, reason: `'${name}' is no name of this machine; use localhost` };
  }
  if (isSame(tokenOf(url, headers), token)) return undefined;
  return { status: 401, reason: 'the token is missing or wrong; append ?token=… to the address' };
}

function tokenOf(url = '', { authorization = '' }: IncomingHttpHeaders): string {
  const bearer = /^Bearer (.*)$/.exec(authorization)?.[1];
  return bearer ?? new URLSearchParams(url.replace(/^[^?]*/, '')).get('token') ?? '';
}

/** Compared in constant time. */
function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)];
  return a.length === b.length && timingSafeEqual(a, b);
}
