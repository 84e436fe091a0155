/** Whatever comes in: nothing is thrown, effects and memory stay within bounds, all can be sent. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  dataplaneTime,
  instant,
  logInterval,
  nsOf,
  ppb,
  scaledNs,
  type Instant,
} from '#units/time';
import { decodeMessage, encodeMessage, type PtpMessage } from '#wire/ptp-message';
import { PtpInstance } from '#ptp/instance/instance';
import type { InstanceInput } from '#ptp/instance/instance-types';
import { messages } from '../../wire/arbitraries.js';
import { MASTER, OTHER, station, US } from './conversation.js';
import { instanceConfig, portConfig } from './settings.js';
import { seededRandom } from './virtual-network.js';

const SEED = 2_019;
const RUNS = 150;

/** Any message, more often than not of our domain and of few senders, so that it means something. */
const message: fc.Arbitrary<PtpMessage> = fc
  .tuple(
    messages,
    fc.boolean(),
    fc.constantFrom(MASTER, OTHER, { clockIdentity: US, portNumber: 2 }),
  )
  .map(([one, isPlain, source]) =>
    isPlain
      ? {
          ...one,
          header: {
            ...one.header,
            domainNumber: 0,
            majorSdoId: 0,
            minorSdoId: 0,
            sourcePortIdentity: source,
          },
        }
      : one,
  );

const time = fc.bigInt(0n, (1n << 48n) - 1n).map(dataplaneTime);
const port = fc.integer({ min: 0, max: 4 });

const input: fc.Arbitrary<InstanceInput> = fc.oneof(
  {
    weight: 20,
    arbitrary: fc.record({
      kind: fc.constant('message' as const),
      port,
      message,
      receiveTime: time,
      source: fc.constant(station(7)),
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('transmitTime' as const), token: fc.nat(40), time }),
  },
  fc.record({ kind: fc.constant('transmitTimeMissing' as const), token: fc.nat(40) }),
  fc.record({ kind: fc.constant('link' as const), port, up: fc.boolean() }),
  fc.record({
    kind: fc.constant('timer' as const),
    timer: fc.constantFrom(
      '1/sync',
      '2/announce',
      '1/delayReq',
      '1/announceReceipt',
      '3/unicast/grantor',
      '3/unicast/requester',
      'instance/decision',
      'instance/clock',
      '2/qualification',
      '1/syncReceipt',
      'x',
      '9/sync',
    ),
  }),
  fc.record({
    kind: fc.constant('linkDelay' as const),
    port,
    meanLinkDelay: fc.option(fc.bigInt(-1n << 40n, 1n << 40n).map(scaledNs)),
    neighborRate: fc.constant(null),
    asCapable: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant('newEpoch' as const),
    reference: fc.record({
      localTime: time,
      ptpTime: fc.bigInt(0n, 1n << 62n).map(instant),
      rate: fc.integer({ min: -100_000, max: 100_000 }).map(ppb),
    }),
    why: fc.constant('fuzz'),
  }),
  fc.constantFrom<InstanceInput>({ kind: 'start' }, { kind: 'stop' }, { kind: 'start' }),
  fc.record({
    kind: fc.constant('desiredState' as const),
    port,
    state: fc.constantFrom('master' as const, 'slave' as const, 'passive' as const),
  }),
);

function fuzzed() {
  return new PtpInstance(
    instanceConfig(US, {
      pathTrace: true,
      tlvs: ['followUpInformation', 'power2017'],
      ports: [
        portConfig(1, { syncReceiptTimeout: 3 }),
        portConfig(2, {
          step: 'one',
          delayReq: 'unicast',
          alternateMaster: {
            transmitAlternateMulticastSync: true,
            logAlternateMulticastSyncInterval: logInterval(0),
          },
        }),
        portConfig(3, {
          delayMechanism: 'p2p',
          unicastMasters: [{ address: station(7), localPriority: 1 }],
          unicastGrants: {
            maxGrants: 4,
            maxMessagesPerSecond: 64,
            maxDurationSeconds: 60,
            minLogAnnounceInterval: logInterval(-3),
            minLogSyncInterval: logInterval(-7),
            minLogDelayRespInterval: logInterval(-7),
          },
        }),
      ],
    }),
    { random: seededRandom(SEED), now: instant(0n) },
  );
}

describe(`an instance (seed ${SEED})`, () => {
  it('throws nothing, answers with few effects, and sends what can be encoded', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(input, fc.nat(400)), { minLength: 20, maxLength: 120 }),
        (inputs) => {
          const one = fuzzed();
          let nowNs = 0n;
          for (const [what, waitMs] of [[{ kind: 'start' }, 0] as const, ...inputs]) {
            nowNs += BigInt(waitMs) * 1_000_000n;
            const now: Instant = instant(nowNs);
            const effects = one.handle(what, now);
            expect(effects.length).toBeLessThan(80);
            for (const effect of effects) {
              if (effect.kind === 'setTimer') expect(nsOf(effect.after) >= 0n).toBe(true);
              if (!('message' in effect)) continue;
              expect(decodeMessage(encodeMessage(effect.message)).ok).toBe(true);
            }
          }
          const status = one.status(instant(nowNs));
          for (const { why, foreignMasters } of status.ports) {
            expect(why).not.toBe('');
            expect(foreignMasters.length).toBeLessThanOrEqual(8);
          }
        },
      ),
      { seed: SEED, numRuns: RUNS },
    );
  });
});
