/** The shape of `--json FILE`. It is stable; docs/boundary-lab-json.md is written from it. */
import { z } from 'zod';
import { fidelitySchema } from '../fidelity.js';
import { BOUNDARY_KINDS } from './clocks.js';
import { FAILOVER_WAYS } from './failover.js';

const nanoseconds = z.number();
const count = z.number().int().nonnegative();
const status = z
  .enum(['ok', 'skipped', 'failed'])
  .describe('`skipped`: this machine lacks something. `failed`: it should have worked.');
const reason = z.string().describe('Why it was skipped or failed; empty when it is ok.');

const summary = z.strictObject({
  rms: nanoseconds,
  p50: nanoseconds,
  p99: nanoseconds,
  max: nanoseconds,
});

const hopSchema = z.strictObject({
  syncs: count,
  errorNs: summary.describe(
    'Absolute errors of the time served; the way over the link is in them.',
  ),
  meanNs: nanoseconds.describe('What all errors have in common, with its sign.'),
  stepsRemoved: z.number(),
  truth: z
    .strictObject({
      samples: count,
      errorNs: summary,
      meanNs: nanoseconds,
      beyondBound: count.describe(
        'Samples whose error was beyond what the clock said that it could be; ptp4l says nothing.',
      ),
      series: z
        .array(z.strictObject({ seconds: z.number(), errorNs: nanoseconds }))
        .describe('Errors from the first reading on, at most 600: what `--plot` draws.'),
    })
    .nullable()
    .describe('PTP time less the shared clock, with no stamp between.'),
});

export const accuracySchema = z.strictObject({
  name: z.string(),
  title: z.string().describe('As in the table.'),
  kinds: z
    .array(z.enum(BOUNDARY_KINDS))
    .describe('The clocks in the row, from the grandmaster on.'),
  transport: z.enum(['L2', 'UDPv4', 'UDPv6']),
  mechanism: z.enum(['E2E', 'P2P']),
  step: z.enum(['one', 'two']).describe('How the clocks send Sync; ptp4l’s are two-step.'),
  status,
  reason,
  settledMs: z
    .number()
    .describe('From the start of the last clock until all of them served the true time.'),
  hops: z.array(hopSchema).describe('Behind each clock of the row.'),
});

export const failoverSchema = z.strictObject({
  rates: z
    .string()
    .describe('`default`: IEEE 1588-2019, J.3. `fast`: 8 Announce, 16 Sync a second.'),
  way: z.enum(FAILOVER_WAYS),
  kind: z.enum(BOUNDARY_KINDS),
  status,
  reason,
  followMs: z
    .array(z.number())
    .describe(
      'Of each kill: until the first Announce of the other grandmaster reached the client.',
    ),
  worstErrorNs: z
    .array(nanoseconds)
    .describe('Of each kill: the largest error of the time served until it was settled again.'),
  p50Ms: z.number().nullable(),
  p99Ms: z.number().nullable(),
  toPtp4l: z
    .strictObject({ p50: z.number(), p99: z.number() })
    .nullable()
    .describe('To ptp4l’s, with the same rates and in the same way.'),
});

export const scenarioSchema = z.strictObject({
  name: z.string(),
  title: z.string(),
  status,
  reason,
  checks: z.array(z.strictObject({ what: z.string(), ok: z.boolean(), saw: z.string() })),
});

export const boundarySchema = z.strictObject({
  scenarios: z.array(scenarioSchema),
  accuracy: z.array(accuracySchema),
  failover: z.array(failoverSchema),
  aims: z
    .array(
      z.strictObject({
        aim: z.string(),
        row: z.string(),
        value: z.number(),
        limit: z.number(),
        met: z.boolean(),
      }),
    )
    .describe('What the ratios are meant to be, and whether they are.'),
  versions: z.record(z.string(), z.string()).describe('timeplane, node, kernel, ptp4l.'),
  fidelity: fidelitySchema,
  config: z.strictObject({
    kills: count.describe('Of each row of the failover.'),
    durationSeconds: z.number().positive().describe('Of each row of the accuracy.'),
    warmUpSeconds: z.number().nonnegative(),
    legs: z.number().int().positive().describe('How often each row of the accuracy was measured.'),
    seed: count.describe('Of the moments at which grandmasters are killed.'),
    only: z.array(z.string()).describe('What was asked for; empty: everything.'),
  }),
});

export type BoundaryResult = z.infer<typeof boundarySchema>;
export type BoundaryConfig = BoundaryResult['config'];
export type AccuracyRow = z.infer<typeof accuracySchema>;
export type FailoverRow = z.infer<typeof failoverSchema>;
export type ScenarioRow = z.infer<typeof scenarioSchema>;
export type BoundaryAim = BoundaryResult['aims'][number];
