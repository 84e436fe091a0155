/** What `timeplane lab clients --json` writes. */
import { z } from 'zod';
import { fidelitySchema } from '../experiments/fidelity.js';
import { SERVERS } from './answer-servers.js';

const ratio = z.strictObject({
  /** Above 1: ours is better. The median of the rounds, the least and the greatest. */
  median: z.number(),
  least: z.number(),
  greatest: z.number(),
});

const measurement = z.strictObject({
  server: z.enum(SERVERS),
  round: z.int(),
  sent: z.int(),
  answered: z.int(),
  /** answered / sent, at the rate asked for. */
  answeredShare: z.number(),
  /** Requests a second that the clients really sent. */
  rate: z.number(),
  /** Answers that came but were not right, or twice, or too late, or to nobody. */
  notRight: z.int(),
  /** Kernel's transmit stamp of a request to receive stamp of its answer, of a sample. */
  latencyP50Ns: z.number(),
  latencyP99Ns: z.number(),
  /** How far the server's clock is ahead of the one that all share: half way between its bounds. */
  clockOffsetNs: z.number(),
  /** Of all the server's processes, agent included, at the rate asked for. */
  cpuNsPerAnswer: z.number(),
  /** The same close to zeroLossRate, where nobody waits for work; 0 without a search. */
  cpuNsPerAnswerBusy: z.number(),
  /** Messages to the agent meanwhile; null for ptp4l. */
  packetIns: z.int().nullable(),
  /** Requests a second that were all answered, as the search found. */
  zeroLossRate: z.number(),
  /** The clients could ask no faster. */
  limitedByClients: z.boolean(),
});
export type Measurement = z.infer<typeof measurement>;

export const clientsResultSchema = z.strictObject({
  config: z.strictObject({
    clients: z.int(),
    requestsPerSecond: z.number(),
    seconds: z.number(),
    rounds: z.int(),
    transport: z.string(),
    cast: z.string(),
  }),
  measurements: z.array(measurement),
  ratios: z.strictObject({
    cpuPerAnswer: ratio.nullable(),
    cpuPerAnswerBusy: ratio.nullable(),
    zeroLossRate: ratio.nullable(),
    latencyP99: ratio.nullable(),
  }),
  versions: z.record(z.string(), z.string()),
  fidelity: fidelitySchema,
});
export type ClientsResult = z.infer<typeof clientsResultSchema>;
export type Ratio = z.infer<typeof ratio>;
