/** GET /status.json, /metrics and /metrics/process on loopback. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { failure, success, type Result } from '#units/result';
import type { Endpoint } from './endpoint.js';
import { createMetrics } from './metrics.js';
import type { AgentStatus } from './status.js';

export interface StatusServer {
  /** The port that was bound: the one asked for, unless that was 0. */
  readonly port: number;
  readonly close: () => Promise<void>;
}

/** Serves `status`. Errors: the address is taken or not ours. */
export async function startStatusServer(
  endpoint: Endpoint,
  status: () => Promise<AgentStatus>,
): Promise<Result<StatusServer, 'status-address'>> {
  const metrics = createMetrics();
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const path = (request.url ?? '').split('?')[0];
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      reply(response, 405, 'text/plain', 'only GET\n');
    } else if (path === '/status.json') {
      reply(response, 200, 'application/json', `${JSON.stringify(await status(), null, 2)}\n`);
    } else if (path === '/metrics') {
      reply(response, 200, metrics.contentType, await metrics.render(await status()));
    } else if (path === '/metrics/process') {
      reply(response, 200, metrics.contentType, await metrics.renderOwn());
    } else {
      reply(response, 404, 'text/plain', 'there are /status.json, /metrics and /metrics/process\n');
    }
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      reply(response, 500, 'text/plain', `${String(error)}\n`);
    });
  });
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const where = `${endpoint.host}:${endpoint.port}`;
      const why =
        error.code === 'EADDRINUSE' ? 'another process listens there' : String(error.message);
      resolve(
        failure(
          'status-address',
          `cannot serve the status on ${where}: ${why}; choose another address for "status"`,
        ),
      );
    });
    server.listen(endpoint.port, endpoint.host, () => {
      const address = server.address();
      const port = typeof address === 'object' && address !== null ? address.port : endpoint.port;
      resolve(success({ port, close: () => close() }));
    });
    const close = (): Promise<void> =>
      new Promise((done) => {
        server.close(() => done());
        server.closeAllConnections();
      });
  });
}

function reply(response: ServerResponse, code: number, type: string, body: string): void {
  if (response.headersSent) return;
  response.writeHead(code, { 'content-type': type, 'cache-control': 'no-store' });
  response.end(body);
}
