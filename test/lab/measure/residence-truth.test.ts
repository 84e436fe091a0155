import { describe, expect, it } from 'vitest';
import { FOLLOW_UP, parseStampLine, SYNC, type StampedMessage } from '#lab/measure/frame-stamps';
import { residenceTruth } from '#lab/measure/residence-truth';

interface Event {
  readonly at: number;
  readonly sequenceId?: number;
  readonly correctionNs?: number;
  readonly twoStep?: boolean;
  readonly source?: string;
}

function message(
  direction: 'in' | 'out',
  messageType: number,
  { at, sequenceId = 1, correctionNs = 0, twoStep = true, source = 'gm-1' }: Event,
): StampedMessage {
  const correctionScaledNs = BigInt(Math.round(correctionNs * 65536));
  const stampNs = BigInt(at);
  const header = { messageType, domainNumber: 0, source, sequenceId, correctionScaledNs, twoStep };
  return { direction, stampNs, ...header };
}

const syncLeaves = (event: Event) => message('out', SYNC, event);
const followUpLeaves = (event: Event) => message('out', FOLLOW_UP, event);
const syncComes = (event: Event) => message('in', SYNC, event);
const followUpComes = (event: Event) => message('in', FOLLOW_UP, event);
const always = { startNs: 0n, endNs: 1_000_000n };

describe('the truth about a Sync', () => {
  it('is its transit, against what came in Sync and Follow_Up', () => {
    const truth = residenceTruth(
      [syncLeaves({ at: 1000 }), followUpLeaves({ at: 1500 })],
      [
        syncComes({ at: 9000, correctionNs: 3000 }),
        followUpComes({ at: 9500, correctionNs: 4000.5 }),
      ],
      always,
    );
    expect(truth).toEqual({
      sent: 1,
      lost: 0,
      arrived: [{ sequenceId: 1, leftNs: 1000n, transitNs: 8000, correctionNs: 7000.5 }],
    });
  });

  it('does not count what the grandmaster had put there itself', () => {
    const { arrived } = residenceTruth(
      [
        syncLeaves({ at: 1000, correctionNs: 0.25 }),
        followUpLeaves({ at: 1500, correctionNs: 100 }),
      ],
      [
        syncComes({ at: 9000, correctionNs: 5000.25 }),
        followUpComes({ at: 9500, correctionNs: 100 }),
      ],
      always,
    );
    expect(arrived[0]?.correctionNs).toBe(5000);
  });

  it('takes the Follow_Up that a switch made of a one-step Sync', () => {
    const { arrived, lost } = residenceTruth(
      [syncLeaves({ at: 1000, twoStep: false })],
      [syncComes({ at: 9000 }), followUpComes({ at: 9500, correctionNs: 7000 })],
      always,
    );
    expect(lost).toBe(0);
    expect(arrived[0]?.correctionNs).toBe(7000);
  });

  it('needs no Follow_Up of a Sync that arrives one-step', () => {
    const { arrived } = residenceTruth(
      [syncLeaves({ at: 1000, twoStep: false })],
      [syncComes({ at: 9000, twoStep: false, correctionNs: 7000 })],
      always,
    );
    expect(arrived).toHaveLength(1);
  });

  it('is a loss where the Sync, or the Follow_Up that it announces, never comes', () => {
    const truth = residenceTruth(
      [
        ...[syncLeaves({ at: 1000, sequenceId: 1 }), followUpLeaves({ at: 1500, sequenceId: 1 })],
        ...[syncLeaves({ at: 2000, sequenceId: 2 }), followUpLeaves({ at: 2500, sequenceId: 2 })],
      ],
      [syncComes({ at: 3000, sequenceId: 1 }), followUpComes({ at: 3500, sequenceId: 2 })],
      always,
    );
    expect(truth).toEqual({ sent: 2, lost: 2, arrived: [] });
  });

  it('belongs to the grandmaster that sent it', () => {
    const { lost } = residenceTruth(
      [syncLeaves({ at: 1000, twoStep: false })],
      [syncComes({ at: 9000, twoStep: false, source: 'other-1' })],
      always,
    );
    expect(lost).toBe(1);
  });

  it('is of Syncs that left within the interval, even if they came later', () => {
    const truth = residenceTruth(
      [1000, 2000, 3000].map((at, i) => syncLeaves({ at, sequenceId: i, twoStep: false })),
      [1900, 2900, 3900].map((at, i) => syncComes({ at, sequenceId: i, twoStep: false })),
      { startNs: 2000n, endNs: 2500n },
    );
    expect(truth.arrived.map(({ sequenceId }) => sequenceId)).toEqual([1]);
    expect(truth.sent).toBe(1);
  });

  it('is told by the arrival after its own leaving when a sequenceId comes again', () => {
    const { arrived } = residenceTruth(
      [syncLeaves({ at: 5000, twoStep: false })],
      [syncComes({ at: 1200, twoStep: false }), syncComes({ at: 5300, twoStep: false })],
      always,
    );
    expect(arrived[0]?.transitNs).toBe(300);
  });
});

describe('a line of frame_stamps', () => {
  const header =
    '0002002c' + '0500' + '0200' + '0000000000018000' + '00000000' + '0011223344556677' + '0001';
  const sync = `${header}002a` + '00fd' + '00'.repeat(10);
  const ethernet = `011b19000000${'020000000001'}88f7${sync}`;

  it('is a PTP message with the kernel’s stamp', () => {
    expect(parseStampLine(`o 1700000000000000001 ${ethernet}`)).toEqual({
      direction: 'out',
      stampNs: 1_700_000_000_000_000_001n,
      messageType: 0,
      domainNumber: 5,
      source: '11223344556677-1',
      sequenceId: 42,
      correctionScaledNs: 0x18000n,
      twoStep: true,
    });
  });

  it.each(['ready', 'end 12 0 0', 'o 12 0102', `i 5 ${ethernet.replace('88f7', '88b5')}`])(
    'that is none gives nothing: %s',
    (line) => {
      expect(parseStampLine(line)).toBeNull();
    },
  );
});
