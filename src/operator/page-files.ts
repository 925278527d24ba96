import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { join } from 'node:path';

/** The files of the page, and what they are. */
const FILES: Readonly<Record<string, { readonly name: string; readonly type: string }>> = {
  '/': { name: 'index.html', type: 'text/html; charset=utf-8' },
  '/app.js': { name: 'app.js', type: 'text/javascript; charset=utf-8' },
  '/app.css': { name: 'app.css', type: 'text/css; charset=utf-8' },
};

/**
 * The page loads nothing but what the bridge serves (pictures that it draws itself are blob: and data:), is shown in no
 * frame of others, and tells nobody its address, which may hold the token.
 */
const HEADERS = {
  'cache-control': 'no-cache',
  'content-security-policy':
    "default-src 'self'; connect-src 'self' ws: wss:; img-src 'self' blob: data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** The page, held in memory. */
export class PageFiles {
  readonly #contents = new Map<string, Buffer>();

  /** @param directory where the set-up put the built page @throws Error that names a file that is missing */
  constructor(directory: string) {
    for (const [path, { name }] of Object.entries(FILES)) {
      try {
        this.#contents.set(path, readFileSync(join(directory, name)));
      } catch (error) {
        throw new Error(`the operator page is not built: ${(error as Error).message}; run npm run check once`);
      }
    }
  }

  /** Answers a request for a file. @returns whether there is one */
  serve(path: string, head: boolean, response: ServerResponse): boolean {
    const body = this.#contents.get(path);
    if (body === undefined) return false;
    response.writeHead(200, { ...HEADERS, 'content-type': FILES[path]!.type, 'content-length': body.length });
    response.end(head ? undefined : body);
    return true;
  }
}
