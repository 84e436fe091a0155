/** The status page: HTTP on loopback, read only. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ListenAddress, ListenResult, RunningServer } from '../server.js';

export interface StatusPages {
  readonly json: () => unknown;
  readonly metrics: () => Promise<string>;
}

function answer(response: ServerResponse, code: number, type: string, body: string): void {
  response.writeHead(code, { 'content-type': type }).end(body);
}

async function serve(
  pages: StatusPages,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'GET') {
    answer(response, 405, 'text/plain', 'only GET\n');
    return;
  }
  switch (request.url?.split('?')[0]) {
    case '/status.json':
      answer(response, 200, 'application/json', `${JSON.stringify(pages.json(), null, 2)}\n`);
      return;
    case '/metrics':
      answer(response, 200, 'text/plain; version=0.0.4', await pages.metrics());
      return;
    default:
      answer(response, 404, 'text/plain', 'there are /status.json and /metrics\n');
  }
}

/** Serves the pages. Errors: CANNOT_BIND. */
export function startStatusServer(
  pages: StatusPages,
  { host, port }: ListenAddress,
  onBug: (error: unknown) => void,
): Promise<ListenResult<RunningServer>> {
  const server = createServer((request, response) => {
    serve(pages, request, response).catch((error: unknown) => {
      onBug(error);
      answer(response, 500, 'text/plain', 'internal error\n');
    });
  });
  return new Promise((resolve) => {
    server.once('error', (error) => {
      const message = `cannot listen on ${host}:${port}: ${error.message}`;
      resolve({ ok: false, error: { code: 'CANNOT_BIND', message } });
    });
    server.listen(port, host, () => {
      const close = (): Promise<void> =>
        new Promise((closed) => {
          server.close(() => closed());
          server.closeAllConnections();
        });
      const { port: bound } = server.address() as AddressInfo;
      resolve({ ok: true, value: { port: bound, close } });
    });
  });
}
