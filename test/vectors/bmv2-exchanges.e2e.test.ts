/**
 * The exchanges, the named frames and two-step conversations on simple_switch. There the transmit time
 * is known in egress: a generated Follow_Up is an egress clone, and a Follow_Up that is early waits by
 * going round through ingress. What comes out must be the same but for residence, which is read off:
 * whole microseconds, and the same for a message's copies as near as two egress passes are.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { bmv2MissingReason } from '#lab/bench/bmv2-files';
import { unhex } from '#lab/bench/frames';
import type { SwitchPlan } from '#lab/bench/switch-state';
import { type ExchangeVector, exchangePlan } from './exchanges.js';
import {
  CLIENT,
  type Message,
  NS,
  TWO_STEP,
  delayReq,
  delayResp,
  followUp,
  frameOf,
  sync,
} from './messages.js';
import { NAMED_FRAMES } from './named-frames/all.js';
import { CROWDED, PLACES } from './named-frames/crowded-switch.js';
import {
  type TimedFrame,
  byPort,
  correctionOf,
  hasRightChecksum,
  throughBmv2,
  withoutTimes,
} from './on-bmv2.js';
import { Frame } from './reference-clock/anatomy.js';
import { type Left, ReferenceClock } from './reference-clock/clock.js';
import { planOf } from './virtual-switch.js';

const missing = bmv2MissingReason();
const note = missing === null ? '' : ` (skipped: ${missing})`;
const MICROSECOND = 1000n * NS;
const SECOND = 1_000_000_000n * NS;
/** Between two frames. Nanoseconds. */
const PACE_NS = 10_000_000n;
/** A busy machine may take that long for one frame, and the next one overtakes what it makes. */
const AGAIN = { retry: 4, timeout: 60_000 };

const EXCHANGES = JSON.parse(
  readFileSync(join(import.meta.dirname, 'exchanges.json'), 'utf8'),
) as readonly ExchangeVector[];

const SETTINGS = [
  { modes: [1, 1], twoStep: [] },
  { modes: [1, 1], twoStep: [1, 2] },
  { modes: [1, 3], twoStep: [2] },
  { modes: [3, 1], twoStep: [1] },
  { modes: [3, 3], twoStep: [1, 2] },
] as const;

/** Pairs of what left and what was to leave that differ in more than a residence. */
function wrongPairs(
  got: ReadonlyMap<number, readonly Uint8Array[]>,
  expected: ReadonlyMap<number, readonly Uint8Array[]>,
): unknown[] {
  return [...expected].flatMap(([port, frames]) => {
    const sent = got.get(port) ?? [];
    const texts = [sent, frames].map((all) => all.map((octets) => withoutTimes(octets, true)));
    const at = frames.findIndex((_, index) => texts[0]?.[index] !== texts[1]?.[index]);
    if (at === -1 && sent.length === frames.length) return [];
    return [
      {
        port,
        at,
        count: [sent.length, frames.length],
        got: texts[0]?.[at],
        expected: texts[1]?.[at],
      },
    ];
  });
}

describe.skipIf(missing !== null)(`exchanges on simple_switch${note}`, () => {
  it.each(SETTINGS)('modes $modes, two-step $twoStep', AGAIN, async ({ modes, twoStep }) => {
    const vectors = EXCHANGES.filter(
      (one) => one.modes.join() === modes.join() && one.twoStep.join() === twoStep.join(),
    );
    expect(vectors.length).toBeGreaterThan(0);
    const steps = vectors.flatMap((one) => one.steps);
    const plan = exchangePlan(modes, twoStep);
    const frames = steps.map((step, index) => ({
      port: step.port,
      octets: unhex(step.in),
      timeNs: BigInt(index) * PACE_NS,
    }));
    const left = steps.flatMap(({ out }) =>
      out.map((text): Left => ({ port: Number(text[0]), frame: unhex(text.slice(2)) })),
    );
    const expected = byPort(plan, left);
    const got = await throughBmv2(plan, frames);
    expect(wrongPairs(got, expected)).toEqual([]);
    const odd = [...expected].flatMap(([port, all]) =>
      all.filter((octets, index) => {
        const sent = got.get(port)?.[index] ?? new Uint8Array(0);
        const difference = (correctionOf(sent) ?? 0n) - (correctionOf(octets) ?? 0n);
        // Both are sums of residences in whole microseconds, and of the same constants.
        const isOff =
          difference % MICROSECOND !== 0n || difference > SECOND || -difference > SECOND;
        return isOff || !hasRightChecksum(new Frame(sent));
      }),
    );
    expect(odd).toEqual([]);
  });
});

describe.skipIf(missing !== null)(`the named frames on simple_switch${note}`, () => {
  it('have the fate that the reference says', AGAIN, async () => {
    // Residence there is the machine's: no limit, which is vectors' matter on a clock of their own.
    const plan: SwitchPlan = { ...CROWDED, timing: (CROWDED.timing ?? []).slice(0, 1) };
    const clock = new ReferenceClock(plan, 1000n);
    const frames: TimedFrame[] = NAMED_FRAMES.map((one, index) => ({
      port: PLACES[one.place],
      octets: one.frame,
      timeNs: BigInt(index + 1) * PACE_NS,
    }));
    const left = frames.flatMap(({ port, octets, timeNs }) =>
      clock.receive(port, octets, timeNs, timeNs + 300_000n),
    );
    expect(wrongPairs(await throughBmv2(plan, frames), byPort(plan, left))).toEqual([]);
  });
});

/** Port 1 to ports 2 (two-step) and 3 (one-step), which knows the truth within an egress pass. */
const CONVERSATIONS: SwitchPlan = { ...planOf(1, 2, 3), twoStepPorts: [2] };

/** What two copies of a frame may differ by in residence: they pass egress one after the other. */
const TOLERANCE = 20n * 1000n * MICROSECOND;

describe.skipIf(missing !== null)(`two-step conversations on simple_switch${note}`, () => {
  const flagged = (sequenceId: number): Message => sync({ sequenceId, flags: TWO_STEP });
  const speak = (
    ...all: readonly (readonly [number, number, Message])[]
  ): Promise<ReadonlyMap<number, readonly Uint8Array[]>> =>
    throughBmv2(
      CONVERSATIONS,
      all.map(([atMs, port, one]) => ({
        port,
        octets: frameOf(one),
        timeNs: BigInt(Math.round(atMs * 1000)) * 1000n,
      })),
    );
  const texts = (frames: readonly Uint8Array[] | undefined): string[] =>
    (frames ?? []).map((octets) => withoutTimes(octets));
  const fields = (frames: readonly Uint8Array[] | undefined): bigint[] =>
    (frames ?? []).map((octets) => correctionOf(octets) ?? 0n);
  const wanted = (...all: readonly Message[]): string[] =>
    all.map((one) => withoutTimes(frameOf(one)));

  it('early, late, twice, never: what leaves, and with which residence', AGAIN, async () => {
    const out = await speak(
      // In order.
      [0, 1, flagged(1)],
      [5, 1, followUp({ sequenceId: 1 })],
      // One-step: gets a Follow_Up of its own.
      [30, 1, sync({ sequenceId: 2 })],
      // Early, within its patience.
      [60, 1, followUp({ sequenceId: 3 })],
      [64, 1, flagged(3)],
      // Twice.
      [90, 1, flagged(4)],
      [95, 1, followUp({ sequenceId: 4 })],
      [98, 1, followUp({ sequenceId: 4 })],
      // Never.
      [120, 1, followUp({ sequenceId: 5 })],
      [200, 1, flagged(6)],
      [205, 1, followUp({ sequenceId: 6 })],
    );
    expect(texts(out.get(2))).toEqual(
      wanted(
        flagged(1),
        followUp({ sequenceId: 1 }),
        flagged(2),
        followUp({ sequenceId: 2 }),
        flagged(3),
        followUp({ sequenceId: 3 }),
        flagged(4),
        followUp({ sequenceId: 4 }),
        flagged(6),
        followUp({ sequenceId: 6 }),
      ),
    );
    // The copies by port 3 say how long each Sync stayed.
    const [truth1, , truth2, , truth3, truth4, , , , truth6] = fields(out.get(3));
    const told = fields(out.get(2)).filter((_, index) => index % 2 === 1);
    const truths = [truth1, truth2, truth3, truth4, truth6];
    told.forEach((value, index) => {
      const truth = truths[index] ?? 0n;
      expect(value % MICROSECOND).toBe(0n);
      expect(value).toBeGreaterThan(0n);
      expect(value - truth < TOLERANCE && truth - value < TOLERANCE).toBe(true);
    });
    // A Sync that leaves two-step is as it came.
    expect(fields(out.get(2)).filter((_, index) => index % 2 === 0)).toEqual([0n, 0n, 0n, 0n, 0n]);
  });

  it(
    'a Delay_Req that leaves two-step is in the Delay_Resp towards its asker only',
    AGAIN,
    async () => {
      const ask = delayReq({ sequenceId: 9 });
      const answer = delayResp({ sequenceId: 9, requesting: CLIENT });
      const stray = delayResp({ sequenceId: 10, requesting: CLIENT });
      const out = await speak([0, 1, ask], [10, 2, answer], [30, 2, stray]);
      expect(texts(out.get(2))).toEqual(wanted(ask));
      expect(texts(out.get(1))).toEqual(wanted(answer));
      expect(texts(out.get(3))).toEqual(wanted(ask, answer));
      const [recorded = 0n] = fields(out.get(1));
      const [corrected = 0n, untouched] = fields(out.get(3));
      expect(recorded).toBeGreaterThan(0n);
      expect(recorded - corrected < TOLERANCE && corrected - recorded < TOLERANCE).toBe(true);
      expect(untouched).toBe(0n);
      expect(fields(out.get(2))).toEqual([0n]);
    },
  );
});
