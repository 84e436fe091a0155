/** Asks a running agent for its status, and makes sure that it is one that answers. */
import { get, type IncomingMessage } from 'node:http';
import { z } from 'zod';
import { failure, success, type Result } from '#units/result';
import { keyText } from './config-error.js';
import type { Endpoint } from './endpoint.js';
import type { AgentStatus } from './status.js';

/**
 * `unreachable`: nobody listens; `silent`: no answer in time; `agent-failed`: it answers that it
 * cannot; `switch`: a switch's status; `not-an-agent`: something else; `aborted`: by the caller.
 */
export type StatusErrorCode =
  'unreachable' | 'silent' | 'agent-failed' | 'switch' | 'not-an-agent' | 'aborted';

type StatusResult = Result<AgentStatus, StatusErrorCode>;

export interface StatusRequest {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

/** An agent itself waits a second at most for its switch. */
const TIMEOUT_MS = 5_000;
const MAX_ANSWER_OCTETS = 4 * 1024 * 1024;

const count = z.number().nonnegative();
const counts = z.record(z.string(), count);
const residence = count.nullable();

/** What readers rely on. Of another version there may be more, under keys that are not here. */
const STATUS_SCHEMA = z.looseObject({
  version: z.string(),
  ready: z.boolean(),
  target: z.looseObject({
    kind: z.string(),
    phase: z.string(),
    reason: z.string(),
    notes: z.array(z.string()),
  }),
  pipeline: z.looseObject({ pushes: count }),
  clock: z.looseObject({ identity: z.string(), domainNumber: count }),
  ports: z.array(
    z.looseObject({
      number: count,
      name: z.string(),
      ptp: z.string(),
      vlan: z.looseObject({ native: count.nullable(), tagged: z.array(count) }),
      step: z.string(),
      messages: z.record(
        z.string(),
        z.looseObject({
          received: count,
          sent: count,
          corrected: count,
          answered: count,
          puntMetered: count,
        }),
      ),
      malformed: counts,
      version1: count,
      untouched: counts,
      twoStep: counts,
      drops: z.looseObject({ ingress: counts, egress: counts }),
      residenceNs: z.looseObject({
        count,
        min: residence,
        p50: residence,
        p99: residence,
        max: residence,
      }),
    }),
  ),
  macTable: z.looseObject({ entries: count, maxEntries: count }),
  malformed: counts,
  drops: z.looseObject({ ingress: counts, egress: counts }),
  digests: counts,
  ptp: z.looseObject({
    packets: z.looseObject({ received: count, sent: count, transmitTimes: counts }),
    syntonization: z.looseObject({ condition: z.string(), counters: counts }).nullable(),
    management: z.looseObject({ requests: counts, replies: count, silent: counts }),
    clock: z.looseObject({ source: z.string() }).nullable(),
    boundary: z
      .looseObject({
        profile: z.string(),
        running: z.boolean(),
        defaultDS: z.looseObject({ clockQuality: counts }),
        currentDS: z.looseObject({ stepsRemoved: count }),
        parentDS: z.looseObject({ isOwn: z.boolean(), grandmasterClockQuality: counts }),
        timePropertiesDS: z.looseObject({ currentUtcOffsetSeconds: z.number() }),
        pathTrace: z.array(z.string()).nullable(),
        servo: z.looseObject({ state: z.string(), why: z.string(), ratePpb: z.number() }),
        reference: z.looseObject({ ratePpb: z.number() }).nullable(),
        alarms: z.array(z.looseObject({ code: z.string(), forSeconds: count })),
        sources: z.array(z.looseObject({ grandmasterIdentity: z.string(), offsetNs: z.number() })),
        followers: z.array(z.looseObject({ name: z.string(), what: z.string() })),
        counters: counts,
        readings: counts,
        ports: z.array(
          z.looseObject({
            port: count,
            name: z.string(),
            state: z.string(),
            why: z.string(),
            forSeconds: count,
            counters: counts,
            foreignMasters: z.array(z.looseObject({ portIdentity: z.string() })),
          }),
        ),
      })
      .nullable(),
    peerDelay: z.looseObject({
      ports: z.array(
        z.looseObject({
          port: count,
          name: z.string(),
          condition: z.string(),
          counters: counts,
        }),
      ),
    }),
    ledger: z.looseObject({
      received: count,
      errors: z.looseObject({}),
      records: z.array(z.looseObject({ ingressPort: count, egressPort: count })),
    }),
  }),
  countersCurrent: z.boolean(),
} satisfies Record<keyof AgentStatus, z.ZodType>);

/** `127.0.0.1:9561`, `[::1]:9561`. */
export function endpointText({ host, port }: Endpoint): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

/** GET /status.json. Never throws for what the other side does. */
export async function readStatus(
  endpoint: Endpoint,
  { signal, timeoutMs = TIMEOUT_MS }: StatusRequest = {},
): Promise<StatusResult> {
  const late = AbortSignal.timeout(timeoutMs);
  const where = endpointText(endpoint);
  try {
    const either = signal === undefined ? late : AbortSignal.any([signal, late]);
    const answer = await request(endpoint, either);
    if (answer.code >= 500) {
      const why = answer.body.split('\n')[0] ?? '';
      return failure('agent-failed', `${where} answers ${answer.code}: ${why}`);
    }
    if (answer.code !== 200) return notAnAgent(where, `it answers ${answer.code} to /status.json`);
    return parseStatus(where, answer.body);
  } catch (error) {
    if (signal?.aborted === true) return failure('aborted', 'given up');
    if (late.aborted) return failure('silent', `no answer from ${where} in ${timeoutMs} ms`);
    return requestFailure(where, error);
  }
}

function request(
  { host, port }: Endpoint,
  signal: AbortSignal,
): Promise<{ readonly code: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const take = (response: IncomingMessage): void => {
      const chunks: Buffer[] = [];
      let octets = 0;
      response.on('error', reject);
      response.on('data', (chunk: Buffer) => {
        octets += chunk.length;
        if (octets > MAX_ANSWER_OCTETS) response.destroy(new AnswerTooLong());
        else chunks.push(chunk);
      });
      response.on('end', () => {
        resolve({ code: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') });
      });
    };
    // Without an agent no connection outlives its answer, so none keeps the process.
    get({ host, port, path: '/status.json', agent: false, signal }, take).on('error', reject);
  });
}

class AnswerTooLong extends Error {}

const UNREACHABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nobody listens there',
  EHOSTUNREACH: 'no way leads there',
  ENETUNREACH: 'no way leads there',
  ENOTFOUND: 'no such host',
};

function requestFailure(where: string, error: unknown): StatusResult {
  const { code = '', message } = error as NodeJS.ErrnoException;
  if (error instanceof AnswerTooLong) return notAnAgent(where, 'its answer does not end');
  if (code.startsWith('HPE_')) return notAnAgent(where, 'it does not speak HTTP');
  if (code === 'ECONNRESET') return notAnAgent(where, 'it closed the connection');
  const why = UNREACHABLE[code] ?? message;
  return failure('unreachable', `no agent at ${where}: ${why}`);
}

function notAnAgent(where: string, why: string): StatusResult {
  return failure('not-an-agent', `${where} is not a timeplane agent: ${why}`);
}

function parseStatus(where: string, text: string): StatusResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return notAnAgent(where, 'what it tells is not JSON');
  }
  if (typeof value === 'object' && value !== null && 'p4runtime' in value && 'cpuPort' in value) {
    return failure('switch', `${where} is a timeplane switch, not an agent`);
  }
  const parsed = STATUS_SCHEMA.safeParse(value);
  // The names of ports, reasons and messages are not checked: those of other versions are shown too.
  if (parsed.success) return success(value as AgentStatus);
  const key = keyText(parsed.error.issues[0]?.path ?? []);
  const what = key === '' ? 'its status' : `"${key}" in its status`;
  return notAnAgent(where, `${what} is not what an agent tells`);
}
