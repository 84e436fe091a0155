/** What a master serves, from the messages at the client's end of the link. */
import { describe, expect, it } from 'vitest';
import { instant, logInterval, scaledNs } from '#units/time';
import { heardAnnounces, servedTimes } from '#lab/measure/served-time';
import { parseTapLine, type TapMessage } from '#lab/measure/tap-messages';
import { encodeMessage, type PtpMessage } from '#wire/ptp-message';
import { FLAG, type PtpHeader } from '#wire/ptp-header';

const MASTER = { clockIdentity: 0x1122n, portNumber: 2 };
const NOW = 1_790_000_000_000_000_000n;

const header = (sequenceId: number, flags: number, correction = 0n): PtpHeader => ({
  majorSdoId: 0,
  minorSdoId: 0,
  minorVersionPtp: 1,
  domainNumber: 0,
  flags,
  correctionField: scaledNs(correction << 16n),
  sourcePortIdentity: MASTER,
  sequenceId,
  logMessageInterval: logInterval(-4),
  controlField: 0,
  messageTypeSpecific: 0,
});

function tapped(stampNs: bigint, message: PtpMessage, direction: 'in' | 'out' = 'in'): TapMessage {
  return { stampNs, message, direction };
}

function sync(sequenceId: number, flags: number = FLAG.twoStep, originNs = 0n, correction = 0n) {
  const own = { header: header(sequenceId, flags, correction), tlvs: [] };
  return { ...own, kind: 'sync', originTimestamp: instant(originNs) } as const;
}

function followUp(sequenceId: number, originNs: bigint, correction = 0n, flags = 0) {
  const own = { header: header(sequenceId, flags, correction), tlvs: [] };
  return { ...own, kind: 'followUp', preciseOriginTimestamp: instant(originNs) } as const;
}

const errorsOf = (messages: readonly TapMessage[]) =>
  servedTimes(messages).map(({ errorNs }) => errorNs);

describe('time served', () => {
  it('two-step is the Follow_Up’s with both corrections, less the stamp of the Sync', () => {
    expect(
      errorsOf([
        tapped(NOW, sync(1, FLAG.twoStep, 0n, 30n)),
        tapped(NOW + 500_000n, followUp(1, NOW - 1_000n, 200n)),
      ]),
    ).toEqual([-770]);
  });

  it('one-step is the Sync’s own', () => {
    expect(errorsOf([tapped(NOW, sync(1, 0, NOW + 40n, 2n))])).toEqual([42]);
  });

  it('needs the Follow_Up of the same Sync, and that it comes in', () => {
    expect(
      errorsOf([
        tapped(NOW, sync(1)),
        tapped(NOW + 1n, followUp(2, NOW)),
        tapped(NOW + 2n, followUp(1, NOW), 'out'),
        tapped(NOW + 2_000_000_000n, followUp(1, NOW)),
      ]),
    ).toEqual([]);
  });

  it('to one station is not taken for that to all, of the same number', () => {
    expect(
      errorsOf([
        tapped(NOW, sync(7)),
        tapped(NOW + 5_000n, sync(7, FLAG.twoStep | FLAG.unicast)),
        tapped(NOW + 6_000n, followUp(7, NOW + 5_010n, 0n, FLAG.unicast)),
        tapped(NOW + 7_000n, followUp(7, NOW - 20n)),
      ]),
    ).toEqual([10, -20]);
  });
});

it('what a tap wrote down is read back, and what is no PTP is not', () => {
  const octets = encodeMessage(sync(3, 0, NOW));
  const frame = `0180c200000e02000000000188f7${Buffer.from(octets).toString('hex')}`;
  expect(parseTapLine(`i ${NOW} ${frame}`)).toMatchObject({
    direction: 'in',
    stampNs: NOW,
    message: { kind: 'sync', header: { sequenceId: 3 } },
  });
  expect(parseTapLine(`o ${NOW} 0180c200000e0200000000010800`)).toBeNull();
  expect(parseTapLine('end 3 0 0')).toBeNull();
  expect(heardAnnounces([tapped(NOW, sync(3))])).toEqual([]);
});
