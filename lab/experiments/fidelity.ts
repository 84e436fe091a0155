/** The verdict on the machine, as every run of the lab prints it and writes it down. */
import pc from 'picocolors';
import { z } from 'zod';
import { formatNs } from '#units/format';
import { VERDICTS, type Fidelity } from '../measure/fidelity.js';
import { FidelityWatch } from '../peers/fidelity-watch.js';

const nanoseconds = z.number();
const share = z.number().nonnegative();
const count = z.number().int().nonnegative();

export const fidelitySchema = z
  .strictObject({
    verdict: z.enum(VERDICTS).describe('`unfit`: the figures are the machine’s noise.'),
    reasons: z.array(z.string()).describe('What made it so; empty where it is good.'),
    seconds: z.number().nonnegative().describe('How long something was measured.'),
    wakes: count.describe('A program that asked to be woken every 2 ms meanwhile was, so often.'),
    wakeP50Ns: nanoseconds.describe('How late it was woken.'),
    wakeP99Ns: nanoseconds,
    wakeMaxNs: nanoseconds,
    lateShare: share.describe('Of those that were more than 4 ms late.'),
    stealShare: share.describe('Of the processors’ time: what the host gave to others.'),
    busyShare: z.number().describe('Of the processors’ time: what was not idle.'),
    framesSent: count.describe('Frames that were to arrive, as far as they were counted.'),
    framesLost: count.describe('Those of them that did not.'),
  })
  .describe('Whether the machine was fit to be measured on; docs/fidelity.md has the limits.');

const COLOURS = { good: pc.green, doubtful: pc.yellow, unfit: pc.red } as const;

const percent = (value: number) => `${Number((100 * value).toPrecision(2))} %`;

/** One line of figures, and one for each reason. */
export function fidelityLines(own: Fidelity): string[] {
  const { wakeP50Ns, wakeP99Ns, wakeMaxNs, framesLost, framesSent } = own;
  const late = [wakeP50Ns, wakeP99Ns, wakeMaxNs].map(formatNs).join(', ');
  const figures = [
    `timers late by ${late} (p50, p99, max), ${percent(own.lateShare)} by more than 4 ms`,
    `steal ${percent(own.stealShare)}`,
    `busy ${percent(own.busyShare)}`,
    ...(framesSent === 0 ? [] : [`${framesLost} of ${framesSent} frames lost`]),
  ];
  return [
    `Fidelity: ${COLOURS[own.verdict](own.verdict)}; ${figures.join('; ')}.`,
    ...own.reasons.map((reason) => COLOURS[own.verdict](`  ${own.verdict}: ${reason}.`)),
  ];
}

/** Runs something with a watch, which is ended whatever comes. */
export async function watched<T>(run: (watch: FidelityWatch) => Promise<T>): Promise<T> {
  const watch = await FidelityWatch.start();
  try {
    return await run(watch);
  } finally {
    await watch.stop();
  }
}
