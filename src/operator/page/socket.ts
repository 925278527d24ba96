/** A connection that is lost is tried again after this time, ms. */
const RETRY = 1000;

/** Address of the bridge that served this page, with the token that the page was opened with. */
export function bridgeUrl(
  path: string,
  protocol: 'ws' | 'http',
  query: Readonly<Record<string, string>> = {},
  port = location.port,
): string {
  const url = new URL(path, location.href);
  url.port = port;
  url.protocol = `${protocol}${location.protocol === 'https:' ? 's' : ''}:`;
  const token = new URLSearchParams(location.search).get('token');
  if (token !== null) url.searchParams.set('token', token);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  return url.href;
}

/** Keeps a WebSocket open: opens it again whenever it is lost. */
export function keepOpen(
  url: () => string,
  subprotocol: string,
  opened: (socket: WebSocket) => void,
  lost: () => void = () => {},
): void {
  const open = () => {
    const socket = new WebSocket(url(), subprotocol);
    // One that does not come to be in this time never will.
    const patience = setTimeout(() => socket.close(), 5 * RETRY);
    socket.addEventListener('open', () => clearTimeout(patience));
    socket.addEventListener('close', () => {
      clearTimeout(patience);
      lost();
      setTimeout(open, RETRY);
    });
    opened(socket);
  };
  open();
}
