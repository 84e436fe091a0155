/** The shape of `--json FILE`. It is stable; docs/first-light-json.md is written from it. */
import { z } from 'zod';
import { fidelitySchema } from '../fidelity.js';

export const PHASE_NAMES = ['direct', 'bridge', 'transparent', 'ptp4l-tc', 'bmv2'] as const;

const nanoseconds = z.number();
const count = z.number().int().nonnegative();

export const phaseResultSchema = z.strictObject({
  name: z.enum(PHASE_NAMES).describe('What stood between the two clocks.'),
  loaded: z.boolean().describe('Whether cross traffic filled the queue towards the client.'),
  status: z
    .enum(['ok', 'skipped', 'failed'])
    .describe('`skipped`: this machine lacks something. `failed`: it should have worked.'),
  reason: z.string().describe('Why the phase was skipped or failed; empty when it is ok.'),
  samples: count.describe('Syncs that were evaluated.'),
  errorNs: z
    .strictObject({ rms: nanoseconds, p50: nanoseconds, p99: nanoseconds, max: nanoseconds })
    .describe('Absolute values of the offset error; all 0 where `samples` is 0.'),
  meanPathDelayNs: nanoseconds.describe(
    'The median over the phase of the mean path delay that the client worked with.',
  ),
  residenceNs: z
    .strictObject({ p50: nanoseconds, p99: nanoseconds, max: nanoseconds })
    .describe('What arrived in the correctionField of Sync and Follow_Up together.'),
  lostFrames: count.describe(
    'Syncs that the client never evaluated, plus cross traffic sent and never received.',
  ),
});

export const firstLightSchema = z.strictObject({
  phases: z.array(phaseResultSchema),
  versions: z
    .record(z.string(), z.string())
    .describe('timeplane, node, kernel, ptp4l and, where installed, simple_switch_grpc.'),
  fidelity: fidelitySchema,
  config: z.strictObject({
    durationSeconds: z.number().positive().describe('Per phase.'),
    load: z.number().nonnegative().describe('Cross traffic as a fraction of the rate.'),
    rateBitsPerSecond: z.number().positive().describe('Of the port towards the client.'),
    queueBoundBytes: z.number().positive().describe('Of that port’s one queue.'),
    transport: z.enum(['L2', 'UDPv4']),
    syncsPerSecond: z.number().positive(),
    trafficSeed: z.number().int(),
    phases: z.array(z.enum(PHASE_NAMES)).describe('Those that were asked for.'),
  }),
});

export type PhaseName = (typeof PHASE_NAMES)[number];
export type PhaseResult = z.infer<typeof phaseResultSchema>;
export type FirstLightResult = z.infer<typeof firstLightSchema>;
export type FirstLightConfig = FirstLightResult['config'];
