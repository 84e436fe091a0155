/** The shape of `--json FILE`. It is stable; docs/compare-lab-json.md is written from it. */
import { z } from 'zod';
import { fidelitySchema } from '../fidelity.js';
import { COMPARE_KINDS, ENVIRONMENTS } from './rows.js';

const nanoseconds = z.number();
const count = z.number().int().nonnegative();

const noiseSchema = z.strictObject({
  samples: count,
  meanNs: nanoseconds,
  deviationNs: nanoseconds.describe('About the mean.'),
});

const predictionSchema = z.strictObject({
  rmsNs: nanoseconds.describe('Over all simulated runs together.'),
  meanNs: nanoseconds,
  runsNs: z
    .tuple([nanoseconds, nanoseconds])
    .describe('Of single runs, as long as the measurement: the middle 80 % are within it.'),
  ratio: z.number().describe('To what was measured.'),
  within: z.boolean().describe('Whether the ratio, or its inverse, is within the tolerance.'),
});

export const measurementSchema = z.strictObject({
  row: z.string().describe('No two have the same; those in Mininet begin with `mininet-`.'),
  title: z.string().describe('As in the table.'),
  environment: z
    .enum(ENVIRONMENTS)
    // Files from before there were two have no such field.
    .default('namespaces')
    .describe(
      '`mininet`: hosts, links and switches are Mininet’s; all else is as in `namespaces`.',
    ),
  kind: z
    .enum(COMPARE_KINDS)
    .describe('`tc-one`, `tc-two`: transparent clocks; `bc`: boundary clocks.'),
  switches: count.describe('How many of them in a row.'),
  round: z
    .number()
    .int()
    .positive()
    .default(1)
    .describe(
      'The how manieth measurement of the row it is; all rows have one before any has two.',
    ),
  loaded: z.boolean().describe('Cross traffic filled the queues towards the client.'),
  status: z
    .enum(['ok', 'skipped', 'failed'])
    .describe('`skipped`: this machine lacks something. `failed`: it should have worked.'),
  reason: z.string().describe('Why it was skipped or failed; empty when it is ok.'),
  samples: count.describe('How often the client steered its clock.'),
  error: z
    .strictObject({
      rmsNs: nanoseconds,
      meanNs: nanoseconds.describe('With its sign.'),
      deviationNs: nanoseconds.describe('About the mean.'),
      p99Ns: nanoseconds.describe('Of the size.'),
      maxNs: nanoseconds,
    })
    .nullable()
    .describe(
      'Of the client’s clock, against the one that all share, whenever it was steered; no stamp is in it.',
    ),
  noise: z
    .strictObject({
      firstDown: noiseSchema,
      lastUp: noiseSchema,
      switchesDown: noiseSchema.nullable(),
      switchesUp: noiseSchema.nullable(),
    })
    .nullable()
    .describe(
      'What parts of the way took beyond what was corrected, by the kernel’s stamps: Sync from the ' +
        'grandmaster to the first switch, Delay_Req from the client to the last one, and all between; ' +
        'null where boundary clocks’ own time is in it.',
    ),
  predicted: predictionSchema
    .nullable()
    .describe(
      'By the simulator, from the noise of the row’s ends and of one switch, which is another row’s. ' +
        'Rows in Mininet are not foretold so.',
    ),
  predictedOwn: predictionSchema
    .nullable()
    .describe(
      'From the noise of all links of the row, played again when it was: tells whether the clocks are simulated right.',
    ),
  fidelity: fidelitySchema.nullable(),
});

export const compareSchema = z.strictObject({
  measurements: z.array(measurementSchema),
  validation: z
    .strictObject({
      tolerance: z.number().describe('A ratio is within it, or its inverse is.'),
      rows: count.describe('Those that were predicted.'),
      within: count,
      rowsOwn: count.describe('The same for `predictedOwn`.'),
      withinOwn: count,
    })
    .describe('Of the simulator.'),
  versions: z
    .record(z.string(), z.string())
    .describe('timeplane, node, kernel, ptp4l; mininet where rows were in it.'),
  fidelity: fidelitySchema,
  config: z.strictObject({
    durationSeconds: z.number().positive().describe('Per row, idle and again loaded.'),
    warmUpSeconds: z.number().nonnegative().describe('Of boundary clocks, when they are right.'),
    load: z.number().nonnegative().describe('Cross traffic as a fraction of the rate.'),
    rateBitsPerSecond: z.number().positive().describe('Of each port towards the client.'),
    queueBoundBytes: z.number().positive().describe('Of that port’s one queue.'),
    logSyncInterval: z.number().int().describe('Of Sync and Delay_Req.'),
    repeats: z.number().int().positive().default(1).describe('How often each row was measured.'),
    simulatedRuns: count.describe('Of each prediction.'),
    seed: count.describe('Of the cross traffic and of the simulator.'),
    in: z
      .array(z.enum(ENVIRONMENTS))
      .default(['namespaces'])
      .describe('Where rows were to be measured.'),
    only: z.array(z.string()).describe('What was asked for; empty: everything.'),
  }),
});

export type CompareMeasurement = z.infer<typeof measurementSchema>;
export type CompareResult = z.infer<typeof compareSchema>;
export type CompareConfig = CompareResult['config'];
