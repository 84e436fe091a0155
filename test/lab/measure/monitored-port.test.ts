import { expect, it } from 'vitest';
import { monitoredPort } from '#lab/measure/monitored-port';
import type { TapMessage } from '#lab/measure/tap-messages';
import { instant, logInterval, scaledNs } from '#units/time';
import { MESSAGE_TYPE } from '#wire/ptp-header';
import type { Tlv } from '#wire/ptp-message';
import { encodeTlv } from '#wire/tlv/known-tlv';

const MASTER = { clockIdentity: 1n, portNumber: 2 };
const SLAVE = { clockIdentity: 2n, portNumber: 1 };

function signaling(direction: TapMessage['direction'], tlvs: readonly Tlv[]): TapMessage {
  const header = {
    ...{ majorSdoId: 0, minorSdoId: 0, minorVersionPtp: 0, domainNumber: 0, flags: 0 },
    ...{ messageTypeSpecific: 0, controlField: 0, sequenceId: 1, sourcePortIdentity: SLAVE },
    ...{ correctionField: scaledNs(0n), logMessageInterval: logInterval(0x7f) },
  };
  const message = { kind: 'signaling', header, targetPortIdentity: MASTER, tlvs } as const;
  return { direction, stampNs: 0n, message };
}

const received = encodeTlv({
  kind: 'slaveRxSyncTimingData',
  syncSourcePortIdentity: MASTER,
  records: [7, 8].map((sequenceId) => ({
    sequenceId,
    syncOriginTimestamp: instant(0n),
    totalCorrectionField: scaledNs(0n),
    scaledCumulativeRateOffset: 0,
    syncEventIngressTimestamp: instant(1_000n * BigInt(sequenceId)),
  })),
});

const sent = (messageType: number) =>
  encodeTlv({
    kind: 'slaveTxEventTimestamps',
    sourcePortIdentity: SLAVE,
    eventMessageType: messageType,
    records: [{ sequenceId: 9, eventEgressTimestamp: instant(5n) }],
  });

it('tells when Syncs came in and Delay_Req left, by the port’s own clock', () => {
  const { syncs, requests } = monitoredPort([
    signaling('in', [received]),
    signaling('in', [sent(MESSAGE_TYPE.delayReq)]),
  ]);
  expect([...syncs.values()]).toEqual([7_000n, 8_000n]);
  expect([...syncs.keys()][0]).toMatch(/-2\/7$/);
  expect([...requests]).toEqual([[expect.stringMatching(/-1\/9$/), 5n]]);
});

it('tells nothing of other event messages, nor of what left there', () => {
  const { syncs, requests } = monitoredPort([
    signaling('in', [sent(MESSAGE_TYPE.sync)]),
    signaling('out', [received]),
  ]);
  expect([syncs.size, requests.size]).toEqual([0, 0]);
});
