/** Copies of Sync and Follow_Up become the rate that residence is multiplied by. */
import { describe, expect, it } from 'vitest';
import { PUNT_REASON } from '#dataplane/program';
import { buildOwnFrame, primaryGroup } from '#runtime/ptp/own-frames';
import { macAddress } from '#units/identity';
import { instant, logInterval, scaledNs } from '#units/time';
import { encodeMessage, type FollowUp, type Sync } from '#wire/ptp-message';
import { Conversation } from './conversation.js';

const CONFIG = `syntonize: { domainNumber: 5, sdoId: 0 }
ports:
  - { number: 1, name: p1, ptp: transparent }`;

const own = { mac: macAddress('02:00:00:00:00:99'), ipv4: 0n, ipv6: 0n };

function master(t: Conversation, rate: (localNs: bigint) => bigint, domainNumber = 5) {
  let sequenceId = 0;
  return (): void => {
    const local = t.time.nowNs;
    const remote = instant(1_000_000_000_000n + rate(local));
    const header = {
      majorSdoId: 0,
      minorVersionPtp: 1,
      domainNumber,
      minorSdoId: 0,
      flags: 0x0200,
      correctionField: scaledNs(0n),
      messageTypeSpecific: 0,
      sourcePortIdentity: { clockIdentity: 0x99n, portNumber: 1 },
      sequenceId: sequenceId++ & 0xffff,
      controlField: 0,
      logMessageInterval: logInterval(0),
    };
    const sync: Sync = { kind: 'sync', header, tlvs: [], originTimestamp: instant(0n) };
    const followUp: FollowUp = {
      kind: 'followUp',
      header: { ...header, flags: 0 },
      tlvs: [],
      preciseOriginTimestamp: remote,
    };
    for (const message of [sync, followUp]) {
      const octets = buildOwnFrame({
        own,
        transport: 'ethernet',
        destination: primaryGroup('ethernet'),
        messageClass: 'event',
        message: encodeMessage(message),
      });
      t.packetIn(1, PUNT_REASON.syntonization, local, octets);
    }
  };
}

describe('syntonization', () => {
  it('tells the dataplane how fast the master is', () => {
    const t = new Conversation(CONFIG);
    const sync = master(t, (ns) => ns + ns / 10_000n);
    t.service.start();
    for (let i = 0; i < 60; i += 1) {
      sync();
      t.time.pass(1_000);
    }
    const { syntonization } = t.service.status();
    expect(syntonization).toMatchObject({ condition: 'locked', master: '000000.0000.000099-1' });
    expect(syntonization?.rateOffsetPpb).toBeCloseTo(100_000, 0);
    const last = t.written.at(-1);
    expect(last?.match).toEqual({ sdo_id: 0n, domain_number: 5n });
    expect(Number(last?.action.params['rate_offset']) / 2 ** 41).toBeCloseTo(1e-4, 9);
    expect(t.service.entities().map((entity) => t.entry(entity))).toEqual([last]);
  });

  it('a slow master has a negative offset, in two’s complement', () => {
    const t = new Conversation(CONFIG);
    const sync = master(t, (ns) => ns - ns / 10_000n);
    t.service.start();
    for (let i = 0; i < 60; i += 1) {
      sync();
      t.time.pass(1_000);
    }
    const offset = BigInt.asIntN(32, t.written.at(-1)?.action.params['rate_offset'] ?? 0n);
    expect(Number(offset) / 2 ** 41).toBeCloseTo(-1e-4, 9);
  });

  it('ignores other domains, and goes on with the last rate when the master is silent', () => {
    const t = new Conversation(CONFIG);
    const sync = master(t, (ns) => ns + ns / 10_000n);
    const other = master(t, (ns) => ns * 2n, 6);
    t.service.start();
    for (let i = 0; i < 60; i += 1) {
      sync();
      other();
      t.time.pass(1_000);
    }
    const { length } = t.written;
    t.time.pass(20_000);
    expect(t.service.status().syntonization?.condition).toBe('holdover');
    expect(t.written).toHaveLength(length);
    expect(t.service.entities()).toHaveLength(1);
  });

  it('takes over the rate that an earlier agent measured', () => {
    const earlier = new Conversation(CONFIG);
    const sync = master(earlier, (ns) => ns + ns / 10_000n);
    earlier.service.start();
    for (let i = 0; i < 60; i += 1) {
      sync();
      earlier.time.pass(1_000);
    }
    const t = new Conversation(CONFIG);
    t.service.onPrepared({ pushed: false, actual: earlier.service.entities() });
    expect(t.service.entities().map((e) => t.entry(e))).toEqual(
      earlier.service.entities().map((e) => earlier.entry(e)),
    );
  });

  it('copies that nobody asked for are counted', () => {
    const t = new Conversation('ports:\n  - { number: 1, name: p1, ptp: transparent }');
    master(t, (ns) => ns)();
    expect(t.service.status()).toMatchObject({ syntonization: null, packets: { ignored: 2 } });
  });
});
