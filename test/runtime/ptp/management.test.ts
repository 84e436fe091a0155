/** Management of the clock: who is answered, where to, and who is not. */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { MESSAGE_KINDS, MESSAGE_TYPE, PUNT_REASON } from '#dataplane/program';
import type { OwnAddress } from '#dataplane/settings';
import type { MessageCounts } from '#runtime/ptp/clock-snapshot';
import { buildOwnFrame, octetsOf, primaryGroup, type Destination } from '#runtime/ptp/own-frames';
import { macAddress, macText } from '#units/identity';
import { portStatsNp } from '#wire/management-data';
import {
  decodeManagementTlv,
  encodeManagementTlv,
  MANAGEMENT_ACTION,
  MANAGEMENT_ERROR,
  MANAGEMENT_ID,
} from '#wire/management-tlv';
import { decodeMessage, type Management } from '#wire/ptp-message';
import { Conversation, frameOf, Neighbour, type Sent } from './conversation.js';
import { ASKER, managementRequest } from './management-request.js';

const CLOCK = 0x0011_22ff_fe33_4455n;
/** messageType. */
const MANAGEMENT = 0xd;

const client: OwnAddress = {
  mac: macAddress('02:00:00:00:00:99'),
  ipv4: 0xc000_0263n,
  ipv6: 0n,
};

const CONFIG = `clock: { identity: "00:11:22:ff:fe:33:44:55" }
ports:
  - { number: 1, name: p1, ptp: transparentP2P, address: { mac: "02:00:00:00:00:01", ipv4: "192.0.2.1" } }
  - { number: 2, name: p2, ptp: transparent, address: { mac: "02:00:00:00:00:02" } }`;

function ask(
  t: Conversation,
  port: number,
  transport: 'ethernet' | 'udp4' | 'udp6',
  message: Uint8Array,
  destination: Destination = primaryGroup(transport),
): void {
  const octets = buildOwnFrame({
    own: client,
    transport,
    destination,
    messageClass: 'general',
    message,
  });
  t.packetIn(port, PUNT_REASON.management, 5n, octets);
}

/** The replies in packet-outs, without what else goes out. */
const eventually = (test: () => void) => vi.waitFor(test, { timeout: 10_000 });

const replies = (t: Conversation): Sent[] =>
  t.sent.filter(({ octets }) => ((frameOf(octets).payload[0] ?? 0) & 0xf) === MANAGEMENT);

function replyIn(sent: Sent | undefined): Management {
  const decoded = decodeMessage(frameOf(sent?.octets ?? new Uint8Array(0)).payload);
  if (!decoded.ok || decoded.value.kind !== 'management') throw new Error('no management message');
  return decoded.value;
}

function tlvIn(sent: Sent | undefined) {
  const [tlv] = replyIn(sent).tlvs;
  const decoded = tlv === undefined ? null : decodeManagementTlv(tlv);
  if (decoded?.ok !== true) throw new Error('no management TLV');
  return decoded.value;
}

describe('a question to a group', () => {
  it.each([
    ['ethernet', '01:1b:19:00:00:00'],
    ['udp4', '01:00:5e:00:01:81'],
    ['udp6', '33:33:00:00:01:81'],
  ] as const)('over %s is answered at the group, by the same port', (transport, group) => {
    const t = new Conversation(CONFIG);
    ask(t, 1, transport, managementRequest(MANAGEMENT_ID.transparentClockDefaultDataSet));
    const [sent] = replies(t);
    expect(sent?.fields).toMatchObject({ egress_port: 1n, tx_event: 0n, stamp: 0n });
    const frame = frameOf(sent?.octets ?? new Uint8Array(0));
    expect(macText(frame.destination)).toBe(group);
    expect(macText(frame.source)).toBe('02:00:00:00:00:01');
    expect(frame.encapsulation.kind).toBe(transport);
    if (frame.encapsulation.kind !== 'ethernet') {
      expect(frame.encapsulation.udp).toEqual({
        sourcePort: 320,
        destinationPort: 320,
        checksum: 'valid',
      });
    }
    expect(replyIn(sent)).toMatchObject({
      header: { sequenceId: 77, sourcePortIdentity: { clockIdentity: CLOCK, portNumber: 1 } },
      targetPortIdentity: ASKER,
      action: MANAGEMENT_ACTION.response,
    });
    expect(t.service.status().management).toMatchObject({
      requests: { multicast: 1, unicast: 0, local: 0 },
      replies: 1,
    });
  });

  it('about ports is answered once for each, with what was measured', () => {
    const t = new Conversation(CONFIG);
    const neighbour = new Neighbour(t, { delayNs: 640n });
    t.onSent = (sent) => {
      if (sent.fields['tx_event'] === 1n) neighbour.answer(sent);
    };
    t.service.start();
    t.time.pass(2_000);
    ask(t, 2, 'ethernet', managementRequest(MANAGEMENT_ID.transparentClockPortDataSet));
    const sets = replies(t).map((sent) => {
      const tlv = tlvIn(sent);
      if (tlv.kind !== 'management') throw new Error('an error');
      const view = new DataView(tlv.data.buffer, tlv.data.byteOffset);
      return {
        clock: view.getBigUint64(0),
        port: view.getUint16(8),
        meanPathDelay: view.getBigInt64(12) >> 16n,
      };
    });
    expect(sets).toEqual([
      { clock: CLOCK, port: 1, meanPathDelay: 640n },
      { clock: CLOCK, port: 2, meanPathDelay: 0n },
    ]);
    expect(replies(t).every(({ fields }) => fields['egress_port'] === 2n)).toBe(true);
  });

  it('over IPv4 needs an address of the port', () => {
    const t = new Conversation(CONFIG);
    ask(t, 2, 'udp4', managementRequest(MANAGEMENT_ID.defaultDataSet));
    expect(replies(t)).toEqual([]);
    expect(t.service.status().management.silent).toEqual({ 'no-ipv4-address': 1 });
  });

  const countsOf = (received: number): ReadonlyMap<number, MessageCounts> => {
    const none = { received: 0, sent: 0 };
    const counts = Object.fromEntries(
      MESSAGE_KINDS.map((kind) => [kind, none] as const),
    ) as unknown as MessageCounts;
    return new Map([1, 2].map((port) => [port, { ...counts, sync: { ...none, received } }]));
  };
  /** The count of received Sync in each of the last two replies. */
  const told = (t: Conversation) =>
    replies(t)
      .slice(-2)
      .map((sent) => {
        const tlv = tlvIn(sent);
        const stats = tlv.kind === 'management' ? portStatsNp.decode(tlv.data) : null;
        return stats?.ok === true ? stats.value.received[MESSAGE_TYPE.sync] : null;
      });

  it('about messages is answered at once, as they were known, and read anew behind that', async () => {
    const t = new Conversation(CONFIG);
    const reads: ((counts: ReadonlyMap<number, MessageCounts>) => void)[] = [];
    t.messageCounts = () => new Promise((resolve) => reads.push(resolve));
    const question = () => {
      ask(t, 1, 'ethernet', managementRequest(MANAGEMENT_ID.portStatsNp));
      return told(t);
    };
    expect(question()).toEqual([0n, 0n]);
    expect(question()).toEqual([0n, 0n]);
    // One reading at a time, however slow the switch is.
    expect(reads).toHaveLength(1);
    reads[0]?.(countsOf(7));
    await eventually(() => expect(question()).toEqual([7n, 7n]));
    expect(reads).toHaveLength(2);
  });

  it('about messages keeps the counts fresh for a while, and then leaves the switch alone', async () => {
    const t = new Conversation(CONFIG);
    let reads = 0;
    t.messageCounts = () => Promise.resolve(countsOf((reads += 1)));
    t.service.start();
    const pass = async (seconds: number) => {
      for (let i = 0; i < seconds; i += 1) {
        t.time.pass(1_000);
        await new Promise((resolve) => setImmediate(resolve));
      }
    };
    await pass(600);
    const atStart = reads;
    expect(atStart).toBeLessThan(20);
    await pass(600);
    expect(reads).toBe(atStart);
    ask(t, 2, 'ethernet', managementRequest(MANAGEMENT_ID.portStatsNp));
    await pass(30);
    const since = reads - atStart;
    expect(since).toBeGreaterThanOrEqual(5);
    expect(since).toBeLessThanOrEqual(8);
  });

  it('tagged is answered with the same tag', () => {
    const t = new Conversation(CONFIG);
    const tag = { tpid: 0x8100, priority: 3, dropEligible: false, vlan: 12 };
    const octets = buildOwnFrame({
      own: client,
      transport: 'ethernet',
      destination: primaryGroup('ethernet'),
      messageClass: 'general',
      message: managementRequest(MANAGEMENT_ID.versionNumber),
      tags: [tag],
    });
    t.packetIn(1, PUNT_REASON.management, 5n, octets);
    expect(frameOf(replies(t)[0]?.octets ?? new Uint8Array(0)).tags).toEqual([tag]);
  });
});

describe('a question to one station', () => {
  const us: Destination = {
    mac: macAddress('02:00:00:00:00:01'),
    ip: octetsOf(0xc000_0201n, 4),
  };

  it('is answered to who asked, where the answer is no larger than the question', () => {
    const t = new Conversation(CONFIG);
    const tlv = { kind: 'management' as const, managementId: MANAGEMENT_ID.delayMechanism };
    const padded = [encodeManagementTlv({ ...tlv, data: new Uint8Array(64) })];
    const target = { clockIdentity: CLOCK, portNumber: 1 };
    ask(t, 1, 'udp4', managementRequest(0, { tlvs: padded, targetPortIdentity: target }), us);
    const frame = frameOf(replies(t)[0]?.octets ?? new Uint8Array(0));
    expect(macText(frame.destination)).toBe('02:00:00:00:00:99');
    expect(frame.encapsulation).toMatchObject({
      kind: 'udp4',
      source: Uint8Array.of(192, 0, 2, 1),
      destination: Uint8Array.of(192, 0, 2, 99),
      ttl: 64,
    });
  });

  it('gets nothing larger than the question: a forged source gains nothing', () => {
    const t = new Conversation(CONFIG);
    ask(t, 1, 'udp4', managementRequest(MANAGEMENT_ID.clockDescription), us);
    expect(replies(t)).toEqual([]);
    expect(t.service.status().management.silent).toEqual({ 'reply-larger-than-request': 1 });
  });

  it('that is not us is not answered', () => {
    const t = new Conversation(CONFIG);
    const other = { mac: macAddress('02:00:00:00:00:77'), ip: octetsOf(0xc000_0277n, 4) };
    ask(t, 1, 'udp4', managementRequest(MANAGEMENT_ID.delayMechanism), other);
    ask(t, 1, 'ethernet', managementRequest(MANAGEMENT_ID.delayMechanism), { ...other, ip: null });
    expect(replies(t)).toEqual([]);
    expect(t.service.status().management).toMatchObject({
      requests: { unicast: 2 },
      silent: { 'other-address': 2 },
    });
  });
});

describe('what nobody answers', () => {
  it('is counted by reason', () => {
    const t = new Conversation(CONFIG);
    const other = { clockIdentity: 0x1234n, portNumber: 1 };
    ask(t, 1, 'ethernet', managementRequest(MANAGEMENT_ID.domain, { targetPortIdentity: other }));
    ask(
      t,
      1,
      'ethernet',
      managementRequest(MANAGEMENT_ID.domain, { action: MANAGEMENT_ACTION.response }),
    );
    ask(t, 1, 'ethernet', managementRequest(MANAGEMENT_ID.domain, { tlvs: [] }));
    ask(t, 1, 'ethernet', managementRequest(MANAGEMENT_ID.domain).subarray(0, 40));
    expect(replies(t)).toEqual([]);
    const { management, packets } = t.service.status();
    expect(management.silent).toMatchObject({
      'other-clock': 1,
      'not-a-request': 1,
      'no-management-tlv': 1,
    });
    expect(packets.undecodable).toBe(1);
  });

  it('a storm is limited, and over when it is over', () => {
    const t = new Conversation(CONFIG);
    for (let i = 0; i < 1_000; i += 1)
      ask(t, 1, 'ethernet', managementRequest(MANAGEMENT_ID.versionNumber));
    expect(t.service.status().management.silent['rate-limited']).toBe(
      // Each is answered by both ports, and counts as two.
      1_000 - 64 / 2,
    );
    t.time.pass(1_000);
    const { length } = t.sent;
    ask(t, 1, 'ethernet', managementRequest(MANAGEMENT_ID.versionNumber));
    expect(t.sent.length).toBeGreaterThan(length);
  });

  it('octets without sense do no harm', () => {
    const t = new Conversation(CONFIG);
    const good = buildOwnFrame({
      own: client,
      transport: 'udp4',
      destination: primaryGroup('udp4'),
      messageClass: 'general',
      message: managementRequest(MANAGEMENT_ID.defaultDataSet),
    });
    for (let end = 0; end < good.length; end += 1) {
      t.packetIn(1, PUNT_REASON.management, 5n, good.subarray(0, end));
    }
    for (let i = 0; i < good.length * 8; i += 1) {
      const flipped = Uint8Array.from(good);
      flipped[i >> 3] = (flipped[i >> 3] ?? 0) ^ (1 << (i & 7));
      t.packetIn(1, PUNT_REASON.management, 5n, flipped);
      t.time.pass(100);
    }
    expect(t.service.status().packets.received).toBe(good.length * 9);
  });
});

describe('a change', () => {
  const set = (managementId: number, data: Uint8Array, portNumber = 1) =>
    managementRequest(managementId, {
      action: MANAGEMENT_ACTION.set,
      targetPortIdentity: { clockIdentity: CLOCK, portNumber },
      tlvs: [encodeManagementTlv({ kind: 'management', managementId, data })],
    });

  it('from the network is refused', () => {
    const t = new Conversation(CONFIG);
    ask(t, 1, 'ethernet', set(MANAGEMENT_ID.logMinPdelayReqInterval, Uint8Array.of(0xfc, 0)));
    expect(tlvIn(replies(t)[0])).toMatchObject({
      kind: 'error',
      errorId: MANAGEMENT_ERROR.notSetable,
    });
  });
});

describe('the local socket', () => {
  let directory = '';

  afterEach(() => {
    rmSync(directory, { recursive: true, force: true });
  });

  it('that cannot be made is told, and everything else goes on', async () => {
    directory = mkdtempSync(join(tmpdir(), 'timeplane-management-'));
    const path = join(directory, 'nowhere', 'clock');
    const t = new Conversation(`${CONFIG}\nmanagement: { socket: "${path}" }`);
    t.service.start();
    await eventually(() => expect(t.service.status().management.socketError).toContain('make it'));
    expect(t.service.status().management.socket).toBeNull();
    ask(t, 1, 'ethernet', managementRequest(MANAGEMENT_ID.versionNumber));
    expect(replies(t).length).toBeGreaterThan(0);
    mkdirSync(join(directory, 'nowhere'));
    t.time.pass(5_000);
    expect(t.service.status().management.socket).toBe(path);
    await t.service.stop();
  });

  it('is open while the service runs', async () => {
    directory = mkdtempSync(join(tmpdir(), 'timeplane-management-'));
    const path = join(directory, 'clock');
    const t = new Conversation(`${CONFIG}\nmanagement: { socket: "${path}" }`);
    t.service.start();
    await eventually(() => expect(t.service.status().management.socket).toBe(path));
    await t.service.stop();
    expect(t.service.status().management.socket).toBeNull();
  });
});
