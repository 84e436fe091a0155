import { describe, expect, it } from 'vitest';
import { explainStorm, isExplained, type Counted } from '#lab/load/storm-accounting';

/** What the counters of a switch with three ports say; everything not named is 0. */
interface Said {
  readonly cameIn?: number;
  readonly ringFull?: number;
  readonly linkDropped?: number;
  readonly sync?: number;
  readonly answered?: number;
  readonly malformed?: number;
  readonly loop?: number;
  readonly left?: readonly [number, number];
  readonly queueFull?: number;
  readonly residenceTooLong?: number;
  readonly noBuffer?: number;
  /** Follow_Ups made on port 1 and on port 2. */
  readonly generated?: readonly [number, number];
}

function counted(said: Said): Counted {
  const [one, two] = said.left ?? [0, 0];
  const port = (number: number, counters: Record<string, number>) => ({
    number,
    counters: { rxFrames: 0, rxKernelDrops: 0, txFrames: 0, txQueueFull: 0, ...counters },
    drops: {},
  });
  const agentPort = (number: number, isStorm: boolean) => ({
    number,
    messages: {
      sync: { received: isStorm ? (said.sync ?? 0) : 0, answered: 0 },
      pdelayReq: { received: 0, answered: isStorm ? (said.answered ?? 0) : 0 },
    },
    malformed: { truncated: isStorm ? (said.malformed ?? 0) : 0 },
    version1: 0,
    twoStep: { generated: said.generated?.[number - 1] ?? 0, recorded: 9 },
    drops: {
      ingress: { loop: isStorm ? (said.loop ?? 0) : 0 },
      egress: { residenceTooLong: number === 2 ? (said.residenceTooLong ?? 0) : 0 },
    },
  });
  return {
    link: { sent: 0, dropped: said.linkDropped ?? 0 },
    switchStatus: {
      ports: [
        port(1, { txFrames: one, txQueueFull: said.queueFull ?? 0 }),
        port(2, { txFrames: two }),
        port(3, { rxFrames: said.cameIn ?? 0, rxKernelDrops: said.ringFull ?? 0 }),
      ],
      drops: { droppedNoBuffer: said.noBuffer ?? 0 },
      packetIns: 0,
      digests: 0,
    },
    agentStatus: { ready: true, ports: [1, 2, 3].map((number) => agentPort(number, number === 3)) },
  };
}

const PORTS = {
  storm: 3,
  others: [
    { port: 1, ownFrames: 0 },
    { port: 2, ownFrames: 7 },
  ],
  step: 'one',
} as const;
const explain = (after: Said, sent: number, plain = false, before: Said = {}) =>
  explainStorm(counted(before), counted(after), PORTS, sent, plain);

describe('a storm', () => {
  it('is explained where every frame was flooded to both other ports', () => {
    const found = explain({ cameIn: 100, sync: 100, left: [100, 107] }, 100);
    expect(found.arrival).toEqual([{ what: 'came in', frames: 100 }]);
    expect(found.kinds).toEqual([{ what: 'sync', frames: 100 }]);
    expect(found.fate).toEqual([{ what: 'forwarded', frames: 100 }]);
    expect(found.copies).toEqual([
      { what: 'left by port 1', frames: 100 },
      { what: 'left by port 2', frames: 100 },
    ]);
    expect(isExplained(found)).toBe(true);
  });

  it('is explained by losses before, in and behind the P4 program', () => {
    const found = explain(
      {
        ...{ cameIn: 90, ringFull: 8, linkDropped: 2, sync: 70, malformed: 20 },
        ...{ loop: 5, left: [75, 87], queueFull: 9, residenceTooLong: 4, noBuffer: 2 },
      },
      100,
    );
    expect(found.fate).toEqual([
      { what: 'dropped: loop', frames: 5 },
      { what: 'forwarded', frames: 85 },
    ]);
    expect(found.copies).toContainEqual({ what: 'lost at port 1: txQueueFull', frames: 9 });
    expect(found.copies).toContainEqual({
      what: 'dropped at port 2: residenceTooLong',
      frames: 4,
    });
    expect(found.unexplained).toEqual({ arrival: 0, kinds: 0, copies: 0 });
  });

  it('is explained by answers, which leave by the port that they came in by', () => {
    const found = explain({ cameIn: 50, sync: 50, answered: 50, left: [0, 7] }, 50);
    expect(found.fate).toEqual([{ what: 'answered: pdelayReq', frames: 50 }]);
    expect(isExplained(found)).toBe(true);
  });

  it('is explained by Follow_Ups that were made where it leaves two-step', () => {
    // All Syncs have one; those of seven frames of somebody else's leave by port 2 as well.
    const said: Said = { cameIn: 50, sync: 50, left: [100, 114], generated: [50, 57] };
    const found = explain(said, 50);
    expect(found.generated).toBe(107);
    expect(isExplained(found)).toBe(true);
    expect(explain({ ...said, generated: [50, 56] }, 50).unexplained.copies).toBe(-1);
  });

  it('has no copy dropped by what a Follow_Up was too late for', () => {
    const said: Said = { cameIn: 50, sync: 50, left: [50, 57], residenceTooLong: 3 };
    expect(explain(said, 50).unexplained.copies).toBe(-3);
    const twoStep = { ...PORTS, step: 'two' } as const;
    const found = explainStorm(counted({}), counted(said), twoStep, 50, false);
    expect(isExplained(found)).toBe(true);
  });

  it('does not count what was there before', () => {
    const before: Said = { cameIn: 10, sync: 10, left: [10, 10] };
    const after: Said = { cameIn: 30, sync: 30, left: [30, 37] };
    expect(isExplained(explain(after, 20, false, before))).toBe(true);
  });

  it('is not explained where a frame is missing anywhere', () => {
    const whole: Said = { cameIn: 100, sync: 100, left: [100, 107] };
    expect(explain(whole, 101).unexplained.arrival).toBe(1);
    expect(explain({ ...whole, sync: 98 }, 100).unexplained.kinds).toBe(2);
    expect(explain({ ...whole, left: [97, 107] }, 100).unexplained.copies).toBe(3);
    expect(explain({ ...whole, left: [100, 108] }, 100).unexplained.copies).toBe(-1);
  });

  it('may come in as what PTP has no counter for, if some of it is no PTP', () => {
    const some: Said = { cameIn: 100, sync: 60, left: [100, 107] };
    expect(explain(some, 100, true).kinds).toContainEqual({ what: 'other', frames: 40 });
    expect(isExplained(explain(some, 100, true))).toBe(true);
    expect(isExplained(explain(some, 100, false))).toBe(false);
  });
});
