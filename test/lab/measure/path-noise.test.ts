import { expect, it } from 'vitest';
import { between, requestWays, syncWays } from '#lab/measure/path-noise';
import type { TapMessage } from '#lab/measure/tap-messages';
import { instant, logInterval, scaledNs } from '#units/time';
import type { PtpHeader } from '#wire/ptp-header';

const GRANDMASTER = { clockIdentity: 1n, portNumber: 1 };
const CLIENT = { clockIdentity: 2n, portNumber: 1 };

function header(port: PtpHeader['sourcePortIdentity'], correctionNs = 0, flags = 0): PtpHeader {
  return {
    ...{ majorSdoId: 0, minorSdoId: 0, minorVersionPtp: 0, domainNumber: 0, flags },
    ...{ messageTypeSpecific: 0, controlField: 0, sequenceId: 7 },
    correctionField: scaledNs(BigInt(correctionNs) << 16n),
    sourcePortIdentity: port,
    logMessageInterval: logInterval(-4),
  };
}

const TWO_STEP = 0x0200;

function sync(stampNs: bigint, correctionNs: number): TapMessage[] {
  const common = { direction: 'in' as const, tlvs: [] };
  return [
    {
      ...common,
      stampNs,
      message: {
        kind: 'sync',
        header: header(GRANDMASTER, 0, TWO_STEP),
        originTimestamp: instant(0n),
        tlvs: [],
      },
    },
    {
      ...common,
      stampNs: stampNs + 10n,
      message: {
        kind: 'followUp',
        header: header(GRANDMASTER, correctionNs),
        preciseOriginTimestamp: instant(1_000n),
        tlvs: [],
      },
    },
  ];
}

function request(stampNs: bigint, direction: 'in' | 'out'): TapMessage {
  const message = {
    kind: 'delayReq',
    header: header(CLIENT),
    originTimestamp: instant(0n),
  } as const;
  return { direction, stampNs, message: { ...message, tlvs: [] } };
}

function answer(direction: 'in' | 'out', correctionNs: number): TapMessage {
  return {
    direction,
    stampNs: 9_999n,
    message: {
      kind: 'delayResp',
      header: header(GRANDMASTER, correctionNs),
      timestamp: instant(5_000n),
      requestingPortIdentity: CLIENT,
      tlvs: [],
    },
  };
}

it('a Sync’s way is from the master’s stamp to here, less what was corrected', () => {
  expect(syncWays(sync(1_900n, 300))).toEqual([
    { key: '000000.0000.000001-1/7', stampNs: 1_900n, ns: 600 },
  ]);
});

it('a Delay_Req’s way is from here to the master’s stamp, less what was corrected', () => {
  const ways = requestWays([request(4_000n, 'out'), answer('in', 250)], 'out');
  expect(ways).toEqual([{ key: '000000.0000.000002-1/7', stampNs: 4_000n, ns: 750 }]);
  expect(requestWays([request(4_000n, 'in'), answer('in', 0)], 'out')).toEqual([]);
});

it('what is between two interfaces is what their ways differ by', () => {
  const [first, last] = [syncWays(sync(1_400n, 0)), syncWays(sync(1_900n, 300))];
  expect(between(last, first).map(({ ns }) => ns)).toEqual([200]);
  expect(between(last, [])).toEqual([]);
});
