/** The shape of `--json FILE`. It is stable; docs/transparent-lab-json.md is written from it. */
import { z } from 'zod';
import { fidelitySchema } from '../fidelity.js';
import { DEVICES } from './rows.js';

const nanoseconds = z.number();
const count = z.number().int().nonnegative();
const status = z
  .enum(['ok', 'skipped', 'failed'])
  .describe('`skipped`: this machine lacks something. `failed`: it should have worked.');
const reason = z.string().describe('Why it was skipped or failed; empty when it is ok.');
const ratio = z.number().nullable();

const summary = z.strictObject({
  rms: nanoseconds,
  p50: nanoseconds,
  p99: nanoseconds,
  max: nanoseconds,
});

export const measurementSchema = z.strictObject({
  comparison: z.string().describe('Rows of the same comparison were measured in turn.'),
  row: z.string().describe('Unique within the comparison.'),
  title: z.string().describe('As in the table.'),
  device: z.enum(DEVICES).describe('What stood between the two clocks.'),
  step: z
    .enum(['one', 'two'])
    .nullable()
    .describe('How it tells residence: in the message, or in one that follows. Null: no device.'),
  switches: count.describe('How many of them in a row.'),
  mechanism: z.enum(['E2E', 'P2P']).describe('The delay mechanism of the clocks.'),
  transport: z.enum(['L2', 'UDPv4', 'UDPv6']),
  vlan: z.boolean().describe('Frames had one VLAN tag.'),
  unicast: z.boolean().describe('Messages were unicast, as negotiated by the client.'),
  oneStepMaster: z
    .boolean()
    .describe('The grandmaster’s Syncs were one-step; the lab’s own program sent them.'),
  loaded: z.boolean().describe('Cross traffic filled the queues towards the client.'),
  status,
  reason,
  legs: count.describe('How often it was built and measured anew; all of them are in the figures.'),
  samples: count.describe('Syncs that the client evaluated.'),
  errorNs: summary.describe('Absolute values of the offset error; all 0 where `samples` is 0.'),
  legP99Ns: z.array(nanoseconds).describe('`errorNs.p99` of each leg by itself.'),
  offsetNs: nanoseconds.describe('The median offset with its sign.'),
  pathDelayNs: nanoseconds.describe('The median of the path delay that the client worked with.'),
  syncs: z
    .strictObject({ sent: count, lost: count })
    .describe(
      'At the grandmaster’s interface; lost: never came in at the client’s, or its Follow_Up.',
    ),
  lostTrafficFrames: count.describe('Cross traffic sent and never received.'),
  truth: z
    .strictObject({
      samples: count,
      transitNs: z.strictObject({ p50: nanoseconds, p99: nanoseconds, max: nanoseconds }),
      correctionNs: z.strictObject({ p50: nanoseconds, p99: nanoseconds, max: nanoseconds }),
      errorNs: z.strictObject({ p50: nanoseconds, p99: nanoseconds, max: nanoseconds }),
      spreadNs: nanoseconds,
    })
    .describe(
      'Syncs by the kernel’s stamps at both clocks’ interfaces. `transitNs`: from one to the other. ' +
        '`correctionNs`: what came in Sync and Follow_Up beyond what the grandmaster sent. `errorNs`: ' +
        'transit − correction, with its sign: with end-to-end all links, with peer-to-peer the last ' +
        'one, plus what the correction missed. `spreadNs`: its p99 − p1.',
    ),
  ratios: z
    .strictObject({
      p99ToPtp4l: ratio.describe('To ptp4l’s transparent clocks, as many in a row.'),
      rmsToPtp4l: ratio,
      rmsToOne: ratio.describe('To one switch of the same kind.'),
    })
    .describe('Within the same comparison and load; null where there is nothing to compare with.'),
});

export const asymmetrySchema = z.strictObject({
  device: z.enum(DEVICES),
  step: z.enum(['one', 'two']),
  mechanism: z.enum(['E2E', 'P2P']),
  status,
  reason,
  configuredNs: nanoseconds.describe('delayAsymmetry of the port towards the grandmaster.'),
  offsetShiftNs: nanoseconds.describe('How far the client’s median offset moved.'),
  expectedOffsetShiftNs: nanoseconds,
  pathDelayShiftNs: nanoseconds.describe('How far its median path delay moved.'),
  expectedPathDelayShiftNs: nanoseconds,
  samples: count,
});

export const aimSchema = z.strictObject({
  aim: z.string(),
  comparison: z.string(),
  row: z.string(),
  loaded: z.boolean(),
  value: z.number(),
  limit: z.number(),
  met: z.boolean(),
});

export const transparentSchema = z.strictObject({
  measurements: z.array(measurementSchema),
  asymmetry: z.array(asymmetrySchema),
  aims: z.array(aimSchema).describe('What the ratios are meant to be, and whether they are.'),
  versions: z
    .record(z.string(), z.string())
    .describe('timeplane, node, kernel, ptp4l and, where installed, simple_switch_grpc.'),
  fidelity: fidelitySchema,
  config: z.strictObject({
    durationSeconds: z.number().positive().describe('Per leg, idle and again loaded.'),
    legs: z.number().int().positive(),
    load: z.number().nonnegative().describe('Cross traffic as a fraction of the rate.'),
    rateBitsPerSecond: z.number().positive().describe('Of each port towards the client.'),
    queueBoundBytes: z.number().positive().describe('Of that port’s one queue.'),
    syncsPerSecond: z.number().positive(),
    seed: z.number().int().nonnegative().describe('Of the cross traffic.'),
    only: z.array(z.string()).describe('What was asked for; empty: everything.'),
  }),
});

export type Measurement = z.infer<typeof measurementSchema>;
export type Asymmetry = z.infer<typeof asymmetrySchema>;
export type Aim = z.infer<typeof aimSchema>;
export type TransparentResult = z.infer<typeof transparentSchema>;
export type TransparentConfig = TransparentResult['config'];
