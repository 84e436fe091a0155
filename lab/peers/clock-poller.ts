/** Asks a switch and its agent again and again for the two lines that its PTP time is made of. */
import { z } from 'zod';
import { ptpErrorNs, type TicksLine } from '../measure/clock-truth.js';
import type { Namespace } from '../namespaces/namespaces.js';
import { AGENT_STATUS_ADDRESS, SWITCH_STATUS_ADDRESS } from './agent.js';
import { startProcess, type ManagedProcess } from './managed-process.js';

const whole = z.string().transform((text) => BigInt(text));

const answer = z.object({
  /** The machine's clock when the agent was asked. */
  atNs: whole,
  agent: z.object({
    ptp: z.object({
      boundary: z
        .object({
          servo: z.object({ state: z.string(), errorBoundNs: z.number().nullable() }),
          reference: z.object({ ticks: whole, ptpNs: whole, ratePpb: z.number() }).nullable(),
        })
        .nullable(),
    }),
  }),
  dataplane: z.object({
    oscillator: z
      .object({
        lines: z.array(
          z.object({ systemNs: whole, ticksNs: whole, fraction: whole, rateOffset: whole }),
        ),
      })
      .nullable(),
  }),
});

export interface TrueError {
  readonly atNs: bigint;
  readonly errorNs: number;
  /** As the clock itself says; null while it does not know. */
  readonly boundNs: number | null;
  readonly servoState: string;
}

const PERIOD_MS = 200;

/* Runs inside the namespace, whose loopback nobody else sees. */
const SCRIPT = `
const [agent, dataplane, period] = process.argv.slice(1);
const ask = (at) => fetch('http://' + at + '/status.json').then((r) => r.json());
const turn = async () => {
  const atNs = String(BigInt(Math.round((performance.timeOrigin + performance.now()) * 1e6)));
  try {
    const answers = { atNs, agent: await ask(agent), dataplane: await ask(dataplane) };
    process.stdout.write(JSON.stringify(answers) + '\\n');
  } catch {}
};
setInterval(turn, Number(period));
`;

export interface ClockPoller {
  readonly process: ManagedProcess;
  readonly errors: readonly TrueError[];
}

/** Of an answer's text; null while there is no PTP time, or where it is the machine's own. */
export function trueError(text: string): TrueError | null {
  const parsed = answer.safeParse(JSON.parse(text));
  if (!parsed.success) return null;
  const { atNs, agent, dataplane } = parsed.data;
  const boundary = agent.ptp.boundary;
  const lines: readonly TicksLine[] | undefined = dataplane.oscillator?.lines;
  if (boundary === null || boundary.reference === null || lines === undefined) return null;
  const errorNs = ptpErrorNs(boundary.reference, lines, atNs);
  if (errorNs === null) return null;
  const { state, errorBoundNs } = boundary.servo;
  return { atNs, errorNs, boundNs: errorBoundNs, servoState: state };
}

export function startClockPoller(
  namespace: Namespace,
  onStart: (process: ManagedProcess) => void,
): ClockPoller {
  const errors: TrueError[] = [];
  const poller = startProcess({
    label: `the reader of ${namespace.label}'s clock`,
    argv: [
      ...[process.execPath, '-e', SCRIPT],
      ...[AGENT_STATUS_ADDRESS, SWITCH_STATUS_ADDRESS, String(PERIOD_MS)],
    ],
    namespace,
    dataOutput: true,
    onLine: (line) => {
      const error = line.startsWith('{') ? trueError(line) : null;
      if (error !== null) errors.push(error);
    },
  });
  onStart(poller);
  return { process: poller, errors };
}
