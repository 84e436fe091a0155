/** The PTP traffic generators of lab/native, and what each of them prints at its end. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { LabError } from '../lab-error.js';
import { projectRoot } from '../peers/helpers.js';
import { startProcess, type ManagedProcess } from '../peers/managed-process.js';
import type { Namespace } from '../namespaces/namespaces.js';

const count = z.int().nonnegative();

/** Nanoseconds, ranks of all samples; null where there was none. */
const distribution = z.strictObject({
  count: z.int().positive(),
  min: z.number(),
  p1: z.number(),
  p50: z.number(),
  p99: z.number(),
  p999: z.number(),
  max: z.number(),
});
export type Distribution = z.infer<typeof distribution>;

/** The last line of each program's output; lab/native says what the fields mean. */
export const REPORTS = {
  ptp_clients: z.strictObject({
    clients: count,
    sent: count,
    answered: count,
    rate: z.number(),
    duplicates: count,
    late: count,
    stray: count,
    wrong: z.strictObject({
      checksum: count,
      correction: count,
      receiveTime: count,
      destination: count,
      flags: count,
      server: count,
    }),
    overruns: count,
    clockOffsetNs: z.tuple([z.number(), z.number()]).nullable(),
    latencyNs: distribution.nullable(),
    receiveTimeNs: distribution.nullable(),
  }),
  ptp_master: z.strictObject({
    syncs: count,
    announces: count,
    delayRequests: count,
    delayResponses: count,
    stampsMissed: count,
    originErrorNs: distribution.nullable(),
  }),
  ptp_link_peer: z.strictObject({
    requests: count,
    answered: count,
    wrong: count,
    late: count,
    repeated: count,
    unanswered: count,
    answeredOthers: count,
    stampsMissed: count,
    linkDelayNs: distribution.nullable(),
    turnaroundNs: distribution.nullable(),
    turnaroundErrorNs: distribution.nullable(),
  }),
  ptp_probe: z.strictObject({
    sent: count,
    received: count,
    repeated: count,
    stampsMissed: count,
    withoutFollowUp: count,
    badChecksums: count,
    overruns: count,
    errorNs: distribution.nullable(),
    residenceNs: distribution.nullable(),
    transitNs: distribution.nullable(),
  }),
  ptp_ports: z.strictObject({
    sent: z.record(z.string(), count),
    multicast: z.record(z.string(), count),
    unicast: z.record(z.string(), count),
    grants: count,
    refusals: count,
    overruns: count,
  }),
  ptp_storm: z.strictObject({
    sent: count,
    refused: count,
    rate: z.number(),
    kinds: z.record(z.string(), count),
  }),
} as const;

export type Generator = keyof typeof REPORTS;
export type Report<G extends Generator> = z.infer<(typeof REPORTS)[G]>;

export type Arguments = Readonly<Record<string, string | number>>;

export function generatorPath(generator: Generator): string {
  return join(projectRoot(), 'build', 'lab', generator);
}

/** Throws `precondition` where they are not built. */
export function requireGenerators(): void {
  const all = Object.keys(REPORTS) as Generator[];
  const missing = all.filter((generator) => !existsSync(generatorPath(generator)));
  if (missing.length === 0) return;
  throw new LabError('precondition', `not built: ${missing.join(', ')}`, 'npm run build');
}

/** Reads the report among what a generator printed; null where there is none. */
export function parseReport<G extends Generator>(
  generator: G,
  lines: readonly string[],
): Report<G> | null {
  const line = lines.findLast((text) => text.startsWith('{'));
  if (line === undefined) return null;
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  const parsed = REPORTS[generator].safeParse(value);
  // The schema is this generator's, which the compiler cannot see through the index.
  return parsed.success ? (parsed.data as Report<G>) : null;
}

/** What a generator may take beyond the seconds that it was given: to start, and to say what it saw
 * on a machine that has little time for it. */
const GRACE_MS = 20_000;

/**
 * Until a generator that was given `seconds` has ended by itself. Throws `not-ready` where it goes
 * on: one that was built from other sources may not know what it was told.
 */
export async function endOf(
  process: ManagedProcess,
  seconds: unknown,
  graceMs = GRACE_MS,
): Promise<void> {
  if (typeof seconds !== 'number' || seconds === 0) return process.exited;
  let timer: NodeJS.Timeout | undefined;
  const isLate = await Promise.race([
    process.exited.then(() => false),
    new Promise<boolean>((resolve) => {
      timer = setTimeout(resolve, seconds * 1000 + graceMs, true);
    }),
  ]);
  clearTimeout(timer);
  if (!isLate) return;
  await process.stop();
  throw new LabError(
    'not-ready',
    `${process.label} was to end after ${seconds} s and did not: it may be older than its sources`,
    'npm run build',
  );
}

export interface RunningGenerator<G extends Generator> {
  readonly process: ManagedProcess;
  /** When it has ended by itself. Throws `process-died` where it said nothing that makes sense. */
  report(): Promise<Report<G>>;
  /** Ends it, and returns its report. */
  stop(): Promise<Report<G>>;
}

export interface GeneratorOptions<G extends Generator> {
  readonly generator: G;
  readonly namespace: Namespace;
  readonly interfaces: readonly string[];
  readonly options: Arguments;
}

export function startGenerator<G extends Generator>({
  generator,
  namespace,
  interfaces,
  options,
}: GeneratorOptions<G>): RunningGenerator<G> {
  const flags = Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)]);
  const process = startProcess({
    label: generator,
    argv: [generatorPath(generator), ...interfaces, ...flags],
    namespace,
  });
  const report = async () => {
    await endOf(process, options['seconds']);
    const found = parseReport(generator, process.tail());
    if (found !== null) return found;
    throw new LabError('process-died', `${generator}: ${process.tail().slice(-2).join(' | ')}`);
  };
  const stop = async () => {
    await process.stop();
    return report();
  };
  return { process, report, stop };
}

/** Runs one to its end; stops it and throws `interrupted` when the run is to end before. */
export async function runGenerator<G extends Generator>(
  options: GeneratorOptions<G>,
  signal: AbortSignal,
): Promise<Report<G>> {
  const running = startGenerator(options);
  const end = () => void running.process.stop();
  signal.addEventListener('abort', end);
  if (signal.aborted) end();
  try {
    await endOf(running.process, options.options['seconds']);
    if (signal.aborted) throw new LabError('interrupted', 'interrupted');
    return await running.report();
  } finally {
    signal.removeEventListener('abort', end);
  }
}
