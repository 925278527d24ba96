import { Agent, request } from 'node:http';
import { setPriority } from 'node:os';
import { text } from 'node:stream/consumers';

/**
 * Clients of the inference service, for bench/serving.ts: `node serving-clients.js PORT PATH CLIENTS SECONDS`, the body
 * of the requests on the standard input. Each asks again as soon as it is answered, and after 0.1 s where it was turned
 * away. Writes, as JSON: latencies of the answers (ms), how many were turned away with 429, what else failed,
 * and how long it was until the last answer (s).
 */
const [port, path, clients, seconds] = process.argv.slice(2);

// They stand for other machines, which would not take this one's time.
setPriority(15);
const body = await text(process.stdin);
const agent = new Agent({ keepAlive: true, maxSockets: Number(clients) });
const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
const begin = performance.now();
const end = begin + 1000 * Number(seconds);
const latencies: number[] = [];
let refused = 0;
let failed = 0;

function ask(): Promise<number> {
  return new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', agent, headers }, (reply) => {
      reply.resume();
      reply.on('end', () => resolve(reply.statusCode ?? 0));
      reply.on('error', () => resolve(0));
    });
    sent.on('error', () => resolve(0));
    sent.end(body);
  });
}

async function client(): Promise<void> {
  while (performance.now() < end) {
    const start = performance.now();
    const status = await ask();
    if (status === 200) latencies.push(performance.now() - start);
    else if (status === 429) {
      refused++;
      // As the answer's Retry-After says, in small.
      await new Promise((resolve) => setTimeout(resolve, 100));
    } else failed++;
  }
}

await Promise.all(Array.from({ length: Number(clients) }, client));
agent.destroy();
const took = (performance.now() - begin) / 1000;
process.stdout.write(JSON.stringify({ latencies, refused, failed, seconds: took }));
