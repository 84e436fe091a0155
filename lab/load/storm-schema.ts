/** What `timeplane lab storm --json` writes. */
import { z } from 'zod';
import { fidelitySchema } from '../experiments/fidelity.js';

const account = z.strictObject({ what: z.string(), frames: z.int() });

const spread = z.strictObject({ p50: z.number(), p99: z.number(), max: z.number() });

const measurement = z.strictObject({
  storm: z.boolean(),
  round: z.int(),
  /** Syncs between the two other ports. */
  sent: z.int(),
  received: z.int(),
  /** What correctionField does not explain of the time between the kernel's stamps, in ns. */
  errorNs: spread,
  residenceNs: spread,
  /** Frames a second of the storm; 0 without. */
  stormRate: z.number(),
});
export type StormMeasurement = z.infer<typeof measurement>;

const ratio = z.strictObject({ median: z.number(), least: z.number(), greatest: z.number() });

const memory = z.strictObject({
  /** Before the first storm, the most, and at the end; octets. */
  beforeOctets: z.int(),
  maxOctets: z.int(),
  afterOctets: z.int(),
  samples: z.int(),
});
export type Memory = z.infer<typeof memory>;

const explanation = z.strictObject({
  sent: z.int(),
  arrival: z.array(account),
  kinds: z.array(account),
  fate: z.array(account),
  /** Follow_Ups made on the other ports. */
  generated: z.int(),
  copies: z.array(account),
  unexplained: z.strictObject({ arrival: z.int(), kinds: z.int(), copies: z.int() }),
});

export const stormResultSchema = z.strictObject({
  config: z.strictObject({
    kinds: z.array(z.string()),
    guard: z.string(),
    stations: z.int(),
    seconds: z.number(),
    rounds: z.int(),
    syncsPerSecond: z.number(),
    stormRate: z.number(),
    transport: z.string(),
    step: z.string(),
    /** Of the switch's packet loop; null: any processor. */
    priority: z.string(),
    processor: z.int().nullable(),
  }),
  measurements: z.array(measurement),
  ratios: z.strictObject({ errorP99: ratio.nullable(), residenceP99: ratio.nullable() }),
  explanations: z.array(explanation),
  memory: z.strictObject({ switch: memory, agent: memory }),
  versions: z.record(z.string(), z.string()),
  fidelity: fidelitySchema,
});
export type StormResult = z.infer<typeof stormResultSchema>;
