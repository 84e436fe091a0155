/** Conversations about options: external port configuration, 802.1AS, leap seconds, sources, reload. */
import { describe, expect, it } from 'vitest';
import { instant, logInterval, ppb, scaledNs, type Instant } from '#units/time';
import { FLAG } from '#wire/ptp-header';
import { encodeTlv, findTlv } from '#wire/tlv/known-tlv';
import type { Announce, FollowUp, Signaling } from '#wire/ptp-message';
import { leapAtEndOf, utcTime } from '#ptp/leap';
import type { Conversation } from './conversation.js';
import {
  announce,
  conversation,
  EPOCH_NS,
  followUp,
  MASTER,
  oneStepSync,
  OTHER,
  station,
  twoStepSync,
  US,
} from './conversation.js';
import { instanceConfig, portConfig } from './settings.js';

const THIRD = { clockIdentity: 0x0200_00ff_fe00_0030n, portNumber: 1 };

function lastAnnounce(us: Conversation, port: number): Announce {
  const found = us.sent(port).findLast(({ message }) => message.kind === 'announce')?.message;
  if (found?.kind !== 'announce') throw new Error('nothing was announced');
  return found;
}

describe('external port configuration', () => {
  function external() {
    return conversation({
      defaultDS: { externalPortConfigurationEnabled: true },
      ports: [portConfig(1, { desiredState: 'slave' }), portConfig(2, { desiredState: 'master' })],
    }).start();
  }

  it('is what decides, and nothing else', () => {
    const us = external();
    expect([us.state(1), us.state(2)]).toEqual(['uncalibrated', 'master']);
    us.waits(20);
    us.hearsMaster(2, OTHER);
    expect([us.state(1), us.state(2)]).toEqual(['uncalibrated', 'master']);
  });

  it('makes the slave follow what it hears, and lock', () => {
    const us = external();
    us.isServed(1, MASTER, 30);
    expect(us.state(1)).toBe('slave');
    expect(us.instance.status(us.now).parentDS.grandmasterIdentity).toBe(MASTER.clockIdentity);
    expect(lastAnnounce(us, 2)).toMatchObject({
      grandmasterIdentity: MASTER.clockIdentity,
      stepsRemoved: 1,
    });
  });

  it('may say another state at any time', () => {
    const us = external();
    us.feed({ kind: 'desiredState', port: 1, state: 'master' });
    us.feed({ kind: 'desiredState', port: 2, state: 'slave' });
    expect([us.state(1), us.state(2)]).toEqual(['master', 'uncalibrated']);
    us.feed({ kind: 'desiredState', port: 1, state: 'passive' });
    expect(us.state(1)).toBe('passive');
  });
});

describe('a port that is masterOnly', () => {
  it('is never a slave, though a better master is there', () => {
    const us = conversation({ ports: [portConfig(1, { masterOnly: true })] }).start();
    us.waits(5);
    us.hearsMaster(1);
    us.waits(2);
    expect(us.state(1)).toBe('master');
  });
});

describe('acceptable masters', () => {
  it('are the only ones', () => {
    const acceptableMasters = [{ acceptablePortIdentity: OTHER, alternatePriority1: 0 }];
    const us = conversation({ ports: [portConfig(1, { acceptableMasters })] }).start();
    us.hearsMaster(1, MASTER);
    expect(us.state(1)).toBe('listening');
    us.hearsMaster(1, OTHER);
    expect(us.state(1)).toBe('uncalibrated');
  });
});

describe('802.1AS', () => {
  function relay() {
    return conversation({
      defaultDS: { sdoId: 0x100 },
      comparison: 'ieee8021as',
      tlvs: ['followUpInformation'],
      ports: [1, 2].map((number) =>
        portConfig(number, { delayMechanism: 'p2p', requiresAsCapable: true }),
      ),
    }).start();
  }

  const gptp = { header: { majorSdoId: 1 } };
  const capable = (us: Conversation, port: number, asCapable: boolean) =>
    us.feed({
      kind: 'linkDelay',
      port,
      meanLinkDelay: scaledNs(500n << 16n),
      neighborRate: ppb(0),
      asCapable,
    });

  it('takes no part on a link that is not asCapable, and one Announce is enough on others', () => {
    const us = relay();
    us.hearsAnnounce(1, MASTER, gptp);
    expect(us.instance.status(us.now).parentDS.grandmasterIdentity).toBe(US);
    capable(us, 1, true);
    expect(us.state(1)).toBe('uncalibrated');
    capable(us, 1, false);
    expect(us.state(1)).not.toBe('uncalibrated');
  });

  it('sends nothing where the link is not asCapable', () => {
    const us = relay();
    us.waits(10);
    expect(us.sent()).toEqual([]);
    capable(us, 2, true);
    us.waits(1);
    expect(new Set(us.sent().map(({ port }) => port))).toEqual(new Set([2]));
  });

  it('passes on in Follow_Up what the grandmaster says of its time base', () => {
    const us = relay();
    capable(us, 1, true);
    capable(us, 2, true);
    us.hearsAnnounce(1, MASTER, gptp);
    const information = encodeTlv({
      kind: 'followUpInformation',
      cumulativeScaledRateOffset: 0,
      gmTimeBaseIndicator: 7,
      lastGmPhaseChange: 0n,
      scaledLastGmFreqChange: 0,
    });
    const as = <M extends { header: object }>(message: M): M => ({
      ...message,
      header: { ...message.header, majorSdoId: 1 },
    });
    us.hears(1, as(twoStepSync(MASTER, 1)));
    const follow: FollowUp = { ...followUp(MASTER, 1, us.ptpTime), tlvs: [information] };
    us.hears(1, as(follow));
    us.waits(3);
    const sync = us.sent(2).find(({ message }) => message.kind === 'sync');
    us.feed({ kind: 'transmitTime', token: sync?.token ?? -1, time: us.localTime });
    const [sent] = us.sent(2);
    expect(findTlv(sent?.message.tlvs ?? [], 'followUpInformation')?.gmTimeBaseIndicator).toBe(7);
  });

  it('sends as often as its neighbor asks', () => {
    const us = relay();
    capable(us, 2, true);
    us.waits(1);
    const ask = (logTimeSyncInterval: number): Signaling => ({
      kind: 'signaling',
      header: { ...announce(OTHER).header, majorSdoId: 1 },
      targetPortIdentity: { clockIdentity: US, portNumber: 2 },
      tlvs: [
        encodeTlv({
          kind: 'intervalRequest',
          logLinkDelayInterval: logInterval(-128),
          logTimeSyncInterval: logInterval(logTimeSyncInterval),
          logAnnounceInterval: logInterval(-128),
          flags: {
            computeNeighborRateRatio: false,
            computeMeanLinkDelay: false,
            oneStepReceiveCapable: false,
          },
        }),
      ],
    });
    const syncsIn = (seconds: number): number => {
      us.sent();
      us.waits(seconds);
      return us.sent().filter(({ message }) => message.kind === 'sync').length;
    };
    expect(syncsIn(10)).toBe(10);
    us.hears(2, ask(-2));
    syncsIn(1);
    expect(syncsIn(10)).toBe(40);
    us.hears(2, ask(127));
    expect(syncsIn(10)).toBe(0);
    us.hears(2, ask(126));
    syncsIn(1);
    expect(syncsIn(10)).toBe(10);
  });
});

describe('a leap second', () => {
  const properties = {
    ...instanceConfig(US).timePropertiesDS,
    currentUtcOffsetValid: true,
  };
  /** PTP time 60 s before the end of its UTC day. */
  const { day, secondOfDay } = utcTime(instant(EPOCH_NS), properties);
  const toEvening = BigInt(86_400 - secondOfDay - 60) * 1_000_000_000n;

  it.each([1, -1] as const)('of ours (%d) is announced, and carried out at its second', (sign) => {
    const us = conversation({
      timePropertiesDS: properties,
      leapSecond: leapAtEndOf(day, sign, 37),
      ports: [portConfig(1)],
    }).start(toEvening);
    us.waits(10);
    const flag = sign === 1 ? FLAG.leap61 : FLAG.leap59;
    expect(lastAnnounce(us, 1).header.flags & flag).toBe(flag);
    expect(lastAnnounceAfter(us, 40).currentUtcOffsetSeconds).toBe(37);
    const after = lastAnnounceAfter(us, 15);
    expect(after.currentUtcOffsetSeconds).toBe(37 + sign);
    expect(after.header.flags & flag).toBe(0);
  });

  function lastAnnounceAfter(us: Conversation, seconds: number): Announce {
    us.waits(seconds);
    return lastAnnounce(us, 1);
  }

  it('of the grandmaster is carried out though its Announce is late', () => {
    const us = conversation({
      ports: [portConfig(1, { announceReceiptTimeout: 100 }), portConfig(2)],
    });
    us.start(toEvening);
    const told = {
      header: { flags: FLAG.ptpTimescale | FLAG.currentUtcOffsetValid | FLAG.leap61 },
    };
    us.hearsMaster(1, MASTER, told);
    expect(us.instance.status(us.now).timePropertiesDS).toMatchObject({
      currentUtcOffsetSeconds: 37,
      leap61: true,
    });
    us.waits(65);
    expect(us.instance.status(us.now).timePropertiesDS).toMatchObject({
      currentUtcOffsetSeconds: 38,
      leap61: false,
    });
    expect(us.effects('timeProperties').at(-1)?.timePropertiesDS.currentUtcOffsetSeconds).toBe(38);
  });
});

describe('time sources', () => {
  const policy = { jumpLimitNs: 1e9, policy: 'reject', quarantineSeconds: 60 } as const;

  function sourced(us: Conversation, errors: readonly [bigint, bigint]) {
    const [second, third] = errors;
    for (let i = 0; i < 30; i++) {
      us.isServed(1, MASTER, 1);
      const inDomain = (domainNumber: number) => ({ header: { domainNumber } });
      us.hearsAnnounce(2, OTHER, inDomain(5));
      us.hearsAnnounce(2, THIRD, inDomain(6));
      us.hears(2, other(oneStepSync(OTHER, i, at(us, second)), 5));
      us.hears(2, other(oneStepSync(THIRD, i, at(us, third)), 6));
    }
  }

  const at = (us: Conversation, errorNs: bigint): Instant =>
    instant((us.ptpTime as unknown as bigint) + errorNs);

  function other<M extends { header: object }>(message: M, domainNumber: number): M {
    return { ...message, header: { ...message.header, domainNumber } };
  }

  it('in other domains are measured too, and agree', () => {
    const us = conversation({ sanity: policy }).start();
    sourced(us, [0n, 0n]);
    const { sources = [] } = us.instance.status(us.now);
    expect(sources.map(({ verdict }) => verdict)).toEqual(['agrees', 'agrees', 'agrees']);
    expect(us.effects('alarm')).toEqual([]);
  });

  it('find the falseticker, of three', () => {
    const us = conversation({ sanity: policy }).start();
    sourced(us, [0n, -3_000_000_000n]);
    const { sources = [] } = us.instance.status(us.now);
    expect(sources.find(({ verdict }) => verdict === 'false')?.grandmasterIdentity).toBe(
      THIRD.clockIdentity,
    );
    expect(us.effects('alarm').map(({ code }) => code)).toContain('falseticker');
  });
});

describe('floods', () => {
  it('of Announces are bounded, and counted', () => {
    const us = conversation().start();
    for (let i = 0; i < 2_000; i++) {
      us.hears(1, announce({ clockIdentity: BigInt(i + 1) << 8n, portNumber: 1 }));
    }
    expect(us.port(1).counters['refused:announce']).toBeGreaterThan(1_500);
    expect(us.port(1).foreignMasters.length).toBeLessThanOrEqual(8);
  });
});

describe('slave event monitoring', () => {
  it('tells in Signaling what it saw', () => {
    const rule = { enable: true, eventsPerTlv: 4, everyNth: 1 };
    const us = conversation({
      ports: [portConfig(1)],
      slaveMonitoring: { rxSyncTiming: rule, rxSyncComputed: rule, txEvents: rule },
    }).start();
    us.isServed(1, MASTER, 12);
    const tlvs = us
      .sent(1)
      .filter(({ message }) => message.kind === 'signaling')
      .flatMap(({ message }) => message.tlvs);
    expect(findTlv(tlvs, 'slaveRxSyncTimingData')?.records).toHaveLength(4);
    expect(findTlv(tlvs, 'slaveRxSyncComputedData')?.records.length).toBeGreaterThan(0);
    expect(findTlv(tlvs, 'slaveTxEventTimestamps')?.records).toHaveLength(4);
  });
});

describe('an alternate master', () => {
  it('shows itself on a PASSIVE port', () => {
    const alternateMaster = {
      transmitAlternateMulticastSync: true,
      logAlternateMulticastSyncInterval: logInterval(1),
    };
    const us = conversation({
      defaultDS: {
        clockQuality: { clockClass: 7, clockAccuracy: 0x21, offsetScaledLogVariance: 0x4e5d },
      },
      ports: [portConfig(1, { alternateMaster })],
    }).start();
    us.hearsMaster(1);
    expect(us.state(1)).toBe('passive');
    us.sent();
    us.waits(1);
    us.hearsAnnounce(1, MASTER);
    us.waits(1.5);
    const sent = us.sent(1);
    expect(sent.map(({ message }) => message.kind)).toContain('sync');
    expect(sent.every(({ message }) => (message.header.flags & FLAG.alternateMaster) !== 0)).toBe(
      true,
    );
    us.hearsMaster(1, MASTER, { grandmasterPriority1: 200 });
    expect(us.state(1)).toBe('master');
    us.waits(1);
    expect(lastAnnounce(us, 1).header.flags & FLAG.alternateMaster).toBe(0);
  });
});

describe('another configuration', () => {
  function locked() {
    const config = { ports: [portConfig(1), portConfig(2)] };
    const us = conversation(config).start();
    us.isServed(1, MASTER, 30);
    expect(us.state(1)).toBe('slave');
    us.sent();
    return us;
  }

  it('of priorities and intervals leaves the lock as it is', () => {
    const us = locked();
    us.feed({
      kind: 'configure',
      config: instanceConfig(US, {
        defaultDS: { priority1: 150 },
        ports: [portConfig(1), portConfig(2, { logSyncInterval: logInterval(-3) })],
      }),
    });
    expect(us.state(1)).toBe('slave');
    expect(us.effects('lockState')).toEqual([]);
    us.isServed(1, MASTER, 2);
    us.sent();
    us.isServed(1, MASTER, 1);
    expect(us.sent(2).filter(({ message }) => message.kind === 'sync').length).toBeGreaterThan(6);
    expect(us.instance.status(us.now).defaultDS.priority1).toBe(150);
  });

  it('with a port more or less starts and stops just that port', () => {
    const us = locked();
    us.feed({
      kind: 'configure',
      config: instanceConfig(US, { ports: [portConfig(1), portConfig(3)] }),
    });
    expect(us.state(1)).toBe('slave');
    expect(us.state(3)).toBe('listening');
    expect(us.hasTimer('2/sync')).toBe(false);
    expect(us.effects('delayResponder')).toContainEqual({
      kind: 'delayResponder',
      port: 2,
      logMinDelayReqInterval: null,
    });
  });

  it('of the domain begins anew', () => {
    const us = locked();
    us.feed({ kind: 'configure', config: instanceConfig(US, { defaultDS: { domainNumber: 9 } }) });
    expect(us.state(1)).toBe('listening');
    us.hearsMaster(1, MASTER);
    expect(us.state(1)).toBe('listening');
  });

  it('of the delay mechanism measures the delay anew', () => {
    const us = locked();
    us.feed({
      kind: 'configure',
      config: instanceConfig(US, { ports: [portConfig(1, { delayMechanism: 'p2p' })] }),
    });
    us.feed({
      kind: 'linkDelay',
      port: 1,
      meanLinkDelay: scaledNs(1_000n << 16n),
      neighborRate: null,
      asCapable: false,
    });
    us.isServed(1, MASTER, 3);
    expect(us.state(1)).toBe('slave');
    expect(us.hasTimer('1/delayReq')).toBe(false);
  });
});

it('shows the data sets of its options', () => {
  const us = conversation({
    ports: [
      portConfig(1, {
        desiredState: 'master',
        unicastMasters: [{ address: station(9), localPriority: 1 }],
        acceptableMasters: [{ acceptablePortIdentity: OTHER, alternatePriority1: 7 }],
        delayAsymmetry: scaledNs(5n),
      }),
    ],
  });
  expect(us.port(1).options).toMatchObject({
    externalPortConfigurationPortDS: { desiredState: 'master' },
    unicastNegotiationPortDS: { enable: true },
    unicastDiscoveryPortDS: { actualTableSize: 1, queryIntervalSeconds: 1 },
    acceptableMasterPortDS: { enable: true },
    acceptableMasterTableDS: { actualTableSize: 1 },
    alternateMasterPortDS: { numberOfAlternateMasters: 0 },
    slaveMonitoringPortDS: { slaveRxSyncTimingDataEnabled: false },
    communicationCapabilitiesPortDS: { multicastCapable: false, unicastNegotiationRequired: true },
    asymmetryCorrectionPortDS: { enable: true },
  });
});

it('hears a unicast master alone, by its address', () => {
  const unicastMasters = [{ address: station(9), localPriority: 1 }];
  const us = conversation({ ports: [portConfig(1, { unicastMasters })] }).start();
  us.hearsMaster(1, MASTER);
  expect(us.port(1).counters['announcesOfOtherStations']).toBe(2);
  expect(us.sent(1).map(({ destination }) => destination)).toContainEqual(station(9));
});
