import { portIdentityText } from '#units/clock-identity';
import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { answerManagement } from '#ptp/management';
import { managedTransparentClock, TRANSPARENT_SETS } from '#ptp/management-sets';
import { logInterval } from '#units/time';
import * as data from '#wire/management-data';
import { MANAGEMENT_ACTION, MANAGEMENT_ERROR, MANAGEMENT_ID } from '#wire/management-tlv';
import { FLAG, type PortIdentity } from '#wire/ptp-header';
import { encodeMessage } from '#wire/ptp-message';
import type { TransparentClockPort } from '#ptp/transparent-clock';
import {
  ask,
  ASKER,
  CLOCK,
  clock,
  dataOf,
  port,
  requestOf,
  type Asked,
} from './management-conversation.js';
import { asking, ns } from './peer-delay-conversation.js';

const SEED = 0x1588;
const { nullManagement, userDescription, defaultDataSet } = MANAGEMENT_ID;

describe('what a transparent clock says of itself', () => {
  const onPort2: PortIdentity = { clockIdentity: CLOCK, portNumber: 2 };

  it('TRANSPARENT_CLOCK_DEFAULT_DATA_SET', () => {
    const managementId = MANAGEMENT_ID.transparentClockDefaultDataSet;
    expect(data.transparentClockDefaultDataSet.decode(dataOf({ managementId }))).toEqual({
      ok: true,
      value: {
        clockIdentity: CLOCK,
        numberPorts: 3,
        delayMechanism: data.DELAY_MECHANISM.e2e,
        primaryDomain: 0,
      },
    });
  });

  it('says P2P if all ports are, and E2E if some are', () => {
    const managementId = MANAGEMENT_ID.transparentClockDefaultDataSet;
    const mechanismOf = (ports: TransparentClockPort[]) =>
      dataOf({ managementId }, clock({ ports }))[10];
    const p2p = port(1, { mechanism: 'p2p' });
    expect(mechanismOf([p2p, { ...p2p, portNumber: 2 }])).toBe(data.DELAY_MECHANISM.p2p);
    expect(mechanismOf([p2p, port(2)])).toBe(data.DELAY_MECHANISM.e2e);
  });

  it('TRANSPARENT_CLOCK_PORT_DATA_SET, with what peer delay measured', () => {
    const measured = asking();
    measured.run(3, { delayNs: 1_234n });
    const ports = [port(1), port(2, { mechanism: 'p2p', peerDelay: measured.status })];
    const managementId = MANAGEMENT_ID.transparentClockPortDataSet;
    const octets = dataOf({ managementId, target: onPort2 }, clock({ ports }));
    expect(data.transparentClockPortDataSet.decode(octets)).toEqual({
      ok: true,
      value: {
        portIdentity: onPort2,
        flags: 0,
        logMinPdelayReqInterval: 0,
        peerMeanPathDelay: ns(1_234n),
      },
    });
  });

  it('has the faultyFlag when the link is down or its delay cannot be measured', () => {
    const silent = asking({ allowedLostResponses: 0 });
    silent.unanswered(1);
    const managementId = MANAGEMENT_ID.transparentClockPortDataSet;
    const flagOf = (change: Partial<TransparentClockPort>) =>
      dataOf({ managementId }, clock({ ports: [port(2, change)] }))[10];
    expect(flagOf({})).toBe(0);
    expect(flagOf({ isUp: false })).toBe(1);
    expect(flagOf({ peerDelay: asking().status })).toBe(0);
    expect(flagOf({ peerDelay: silent.status })).toBe(1);
  });

  it('DEFAULT_DATA_SET: a clock that can never be a grandmaster', () => {
    const octets = dataOf({ managementId: defaultDataSet });
    expect(data.defaultDataSet.decode(octets)).toMatchObject({
      ok: true,
      value: { flags: 2, numberPorts: 3, clockClass: 255, clockIdentity: CLOCK, domainNumber: 0 },
    });
  });

  it('PORT_DATA_SET: passive, faulty or disabled, and the delay', () => {
    const managementId = MANAGEMENT_ID.portDataSet;
    const stateOf = (change: Partial<TransparentClockPort>) =>
      dataOf({ managementId }, clock({ ports: [port(2, change)] }))[10];
    expect(stateOf({})).toBe(data.PORT_STATE.passive);
    expect(stateOf({ isUp: false })).toBe(data.PORT_STATE.faulty);
    expect(stateOf({ isEnabled: false })).toBe(data.PORT_STATE.disabled);
  });

  it('CLOCK_DESCRIPTION: type, addresses and profile', () => {
    const ports = [port(2, { mechanism: 'p2p' })];
    const octets = dataOf({ managementId: MANAGEMENT_ID.clockDescription }, clock({ ports }));
    expect(data.clockDescription.decode(octets)).toMatchObject({
      ok: true,
      value: {
        clockType: data.CLOCK_TYPE.p2pTransparent,
        physicalAddress: Uint8Array.of(2, 0, 0, 0, 0, 0x0a),
        productDescription: 'timeplane;;',
        userDescription: 'hello',
        profileIdentity: Uint8Array.of(0, 0x1b, 0x19, 0, 2, 0),
      },
    });
  });

  it('PORT_PROPERTIES_NP, to the local socket alone', () => {
    const managementId = MANAGEMENT_ID.portPropertiesNp;
    const [told] = ask({ managementId, origin: 'local' }).replies;
    expect(
      told?.tlv.kind === 'management' && data.portPropertiesNp.decode(told.tlv.data),
    ).toMatchObject({
      ok: true,
      value: { interfaceName: 'swp1', timestamping: 0, portState: data.PORT_STATE.passive },
    });
    const [refused] = ask({ managementId }).replies;
    expect(refused?.tlv).toMatchObject({ kind: 'error', errorId: MANAGEMENT_ERROR.notSupported });
  });
});

describe('who is asked', () => {
  it.each(['nullManagement', 'clockDescription', 'portDataSet', 'versionNumber'] as const)(
    '%s of all ports: one reply from each, in order',
    (name) => {
      const { replies } = ask({ managementId: MANAGEMENT_ID[name] });
      expect(replies.map(({ from }) => from)).toEqual([1, 2, 3]);
    },
  );

  it('one port: its reply alone', () => {
    const target = { clockIdentity: CLOCK, portNumber: 2 };
    expect(ask({ target }).replies.map(({ from }) => from)).toEqual([2]);
  });

  it('a port that is not there: nothing', () => {
    const target = { clockIdentity: CLOCK, portNumber: 9 };
    expect(ask({ target })).toMatchObject({ replies: [], silence: 'no-such-port' });
    expect(ask({ target, managementId: defaultDataSet }).silence).toBe('no-such-port');
    expect(ask({ target, managementId: 0x7777 }).silence).toBe('no-such-port');
  });

  it('the clock: one reply, from the port that was asked by, or 0 to the local socket', () => {
    const managementId = defaultDataSet;
    expect(ask({ managementId }).replies.map(({ from }) => from)).toEqual([1]);
    expect(ask({ managementId, origin: 'local' }).replies.map(({ from }) => from)).toEqual([0]);
    const target = { clockIdentity: CLOCK, portNumber: 0 };
    expect(ask({ managementId, target }).replies).toHaveLength(1);
  });

  it.each<[string, Asked]>([
    ['other-clock', { target: { clockIdentity: 5n, portNumber: 1 } }],
    ['other-instance', { header: { domainNumber: 1 } }],
    ['other-instance', { header: { majorSdoId: 1 } }],
    ['own-message', { header: { sourcePortIdentity: { clockIdentity: CLOCK, portNumber: 3 } } }],
    ['not-a-request', { action: MANAGEMENT_ACTION.response }],
    ['not-a-request', { action: MANAGEMENT_ACTION.acknowledge }],
    ['not-a-request', { action: 9 }],
    ['no-management-tlv', { change: { tlvs: [] } }],
    ['no-management-tlv', { change: { tlvs: [{ type: 3, value: new Uint8Array(8) }] } }],
  ])('%s: nothing is said', (silence, asked) => {
    expect(ask(asked)).toMatchObject({ replies: [], effects: [], silence });
  });

  it('two questions in one message: nothing', () => {
    const [tlv] = requestOf({}).tlvs;
    const change = { tlvs: tlv ? [tlv, tlv] : [] };
    expect(ask({ change }).silence).toBe('no-management-tlv');
  });

  it('a question with another TLV behind it: answered', () => {
    const [tlv] = requestOf({}).tlvs;
    const change = { tlvs: tlv ? [tlv, { type: 0x8008, value: new Uint8Array(4) }] : [] };
    expect(ask({ change }).replies).toHaveLength(3);
  });
});

describe('a reply', () => {
  it('goes to who asked, with his sequenceId, as far as the request went', () => {
    const change = { startingBoundaryHops: 5, boundaryHops: 3 };
    const [reply] = ask({ change }).replies;
    expect(reply?.message).toMatchObject({
      action: MANAGEMENT_ACTION.response,
      targetPortIdentity: ASKER,
      startingBoundaryHops: 2,
      boundaryHops: 2,
      header: { sequenceId: 77, flags: 0, controlField: 4, minorVersionPtp: 0 },
    });
  });

  it('does not count hops below zero', () => {
    const [reply] = ask({ change: { startingBoundaryHops: 0, boundaryHops: 3 } }).replies;
    expect(reply?.message).toMatchObject({ startingBoundaryHops: 0, boundaryHops: 0 });
  });

  it('by unicast has the unicast flag', () => {
    const [reply] = ask({
      origin: 'unicast',
      target: { clockIdentity: CLOCK, portNumber: 1 },
    }).replies;
    expect(reply?.message.header.flags).toBe(FLAG.unicast);
  });

  it('says which of version 2 it is, but not more than the asker knows', () => {
    const minorOf = (minorVersionPtp: number) =>
      ask({ header: { minorVersionPtp } }).replies[0]?.message.header.minorVersionPtp;
    expect([0, 1, 2].map(minorOf)).toEqual([0, 1, 1]);
  });
});

describe('what is refused', () => {
  const errorOf = (asked: Asked) => {
    const { replies, effects } = ask(asked);
    expect(effects).toEqual([]);
    return replies.map(({ tlv }) => (tlv.kind === 'error' ? tlv.errorId : tlv.kind));
  };
  const { get, set, command } = MANAGEMENT_ACTION;

  it.each<[string, Asked, number]>([
    ['an id that nobody knows', { managementId: 0x7777 }, MANAGEMENT_ERROR.noSuchId],
    [
      'a set of ordinary clocks',
      { managementId: MANAGEMENT_ID.parentDataSet, action: get },
      MANAGEMENT_ERROR.notSupported,
    ],
    [
      'SET from elsewhere',
      { managementId: userDescription, action: set, data: Uint8Array.of(1, 65) },
      MANAGEMENT_ERROR.notSetable,
    ],
    [
      'SET of a measured set, even locally',
      {
        managementId: MANAGEMENT_ID.domain,
        action: set,
        origin: 'local',
        data: Uint8Array.of(1, 0),
      },
      MANAGEMENT_ERROR.notSetable,
    ],
    [
      'SET without data',
      { managementId: userDescription, action: set, origin: 'local' },
      MANAGEMENT_ERROR.wrongLength,
    ],
    [
      'COMMAND of a data set',
      { managementId: defaultDataSet, action: command, origin: 'local' },
      MANAGEMENT_ERROR.notSupported,
    ],
    [
      'INITIALIZE',
      { managementId: MANAGEMENT_ID.initialize, action: command, origin: 'local' },
      MANAGEMENT_ERROR.notSupported,
    ],
  ])('%s', (_what, asked, errorId) => {
    expect(errorOf(asked)).toEqual([errorId]);
  });

  it('an interval that is not allowed, by each port', () => {
    const managementId = MANAGEMENT_ID.logMinPdelayReqInterval;
    const asked: Asked = {
      managementId,
      action: set,
      origin: 'local',
      data: Uint8Array.of(0x80, 0),
    };
    expect(errorOf(asked)).toEqual(Array(3).fill(MANAGEMENT_ERROR.wrongValue));
  });

  it('a COMMAND from elsewhere', () => {
    expect(errorOf({ action: command })).toEqual(Array(3).fill(MANAGEMENT_ERROR.notSupported));
  });
});

describe('what the local socket changes', () => {
  const { set, command } = MANAGEMENT_ACTION;

  it('the user description', () => {
    const text = data.userDescription.encode('rack 4');
    const { effects, replies } = ask({
      managementId: userDescription,
      action: set,
      origin: 'local',
      data: text,
    });
    expect(effects).toEqual([{ kind: 'setUserDescription', userDescription: 'rack 4' }]);
    expect(replies).toMatchObject([
      { message: { action: MANAGEMENT_ACTION.response }, tlv: { kind: 'management' } },
    ]);
  });

  it('the interval and the threshold of one port, or of all', () => {
    const interval: Asked = {
      managementId: MANAGEMENT_ID.logMinPdelayReqInterval,
      action: set,
      origin: 'local',
      data: data.oneInterval.encode({ value: -2 }),
    };
    expect(ask(interval).effects).toEqual(
      [1, 2, 3].map((portNumber) => ({
        kind: 'setLogMinPdelayReqInterval',
        portNumber,
        logInterval: logInterval(-2),
      })),
    );
    const threshold: Asked = {
      managementId: MANAGEMENT_ID.portDataSetNp,
      action: set,
      origin: 'local',
      target: { clockIdentity: CLOCK, portNumber: 2 },
      data: data.portDataSetNp.encode({ neighborPropDelayThresh: 900, asCapable: 1 }),
    };
    expect(ask(threshold).effects).toEqual([
      { kind: 'setNeighborPropDelayThreshold', portNumber: 2, thresholdNs: 900 },
    ]);
  });

  it('NULL_MANAGEMENT is answered and acknowledged, and does nothing', () => {
    expect(ask({ action: set, origin: 'local' }).replies).toHaveLength(3);
    const acknowledged = ask({ managementId: nullManagement, action: command, origin: 'local' });
    expect(acknowledged.effects).toEqual([]);
    expect(acknowledged.replies[0]?.message.action).toBe(MANAGEMENT_ACTION.acknowledge);
  });
});

describe('a stranger’s unicast', () => {
  const target = { clockIdentity: CLOCK, portNumber: 1 };

  it('is answered when it brought room for the answer, as pmc’s does', () => {
    const asked: Asked = { managementId: defaultDataSet, origin: 'unicast', target };
    expect(ask({ ...asked, data: new Uint8Array(20) })).toMatchObject({ silence: null });
    expect(ask({ ...asked, data: new Uint8Array(20) }).replies).toHaveLength(1);
    expect(ask(asked)).toMatchObject({ replies: [], silence: 'reply-larger-than-request' });
  });

  it('to all ports is answered as far as it paid', () => {
    const { replies, silence } = ask({ origin: 'unicast' });
    expect(replies.map(({ from }) => from)).toEqual([1]);
    expect(silence).toBe('reply-larger-than-request');
  });

  it('never gets more octets back than it sent, whatever it asks', () => {
    const known = fc.constantFrom(...TRANSPARENT_SETS.keys(), MANAGEMENT_ID.parentDataSet);
    fc.assert(
      fc.property(
        fc.oneof(known, fc.nat(0xffff)),
        fc.constantFrom(0, 1, 3),
        fc.uint8Array({ maxLength: 400 }),
        (managementId, action, body) => {
          const asked: Asked = { managementId, action, data: body, origin: 'unicast' };
          const sent = encodeMessage(requestOf(asked)).length;
          const back = ask(asked).octets.reduce((sum, { length }) => sum + length, 0);
          expect(back).toBeLessThanOrEqual(sent);
        },
      ),
      { seed: SEED, numRuns: 500 },
    );
  });
});

describe('whatever octets come', () => {
  it('are answered or not, without an exception', () => {
    const whole = encodeMessage(
      requestOf({ managementId: defaultDataSet, data: new Uint8Array(20) }),
    );
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), fc.nat(whole.length), (at, value, cut) => {
        const octets = whole.slice();
        octets[at] = value;
        for (const origin of ['local', 'multicast', 'unicast'] as const) {
          const request = { octets: octets.slice(0, cut), origin, ingressPort: 1 };
          const answer = answerManagement(request, managedTransparentClock(clock()));
          if (cut < whole.length - 1) expect(answer.replies.length).toBeLessThanOrEqual(3);
          if (answer.replies.length === 0) expect(answer.silence).not.toBeNull();
        }
      }),
      { seed: SEED, numRuns: 500 },
    );
  });
});

describe('what ptp4l answers as well', () => {
  const RECORDED = JSON.parse(
    readFileSync(new URL('../wire/pmc-conversation.json', import.meta.url), 'utf8'),
  ) as { name: string; request: string; reply: string }[];
  const fromHex = (hex: string) =>
    Uint8Array.from(hex.match(/../g) ?? [], (two) => parseInt(two, 16));
  const stats = (received: bigint, pdelayReq: bigint, sent: bigint) => ({
    received: Array.from({ length: 16 }, (_, i) => (i === 0xd ? received : 0n)),
    sent: Array.from({ length: 16 }, (_, i) => (i === 0xd ? sent : i === 2 ? pdelayReq : 0n)),
  });

  it.each([
    'GET NULL_MANAGEMENT',
    'GET USER_DESCRIPTION',
    'GET DOMAIN',
    'GET VERSION_NUMBER',
    'GET DELAY_MECHANISM',
    'GET LOG_MIN_PDELAY_REQ_INTERVAL',
    'GET PORT_DATA_SET_NP',
    'GET PORT_STATS_NP',
  ])('%s: the same octets', (name) => {
    const exchange = RECORDED.find((one) => one.name === name);
    const ports = [port(1, { mechanism: 'p2p', ...stats(16n, 4n, 15n) })];
    const octets = fromHex(exchange?.request ?? '');
    const { replies } = answerManagement(
      { octets, origin: 'multicast', ingressPort: 1 },
      managedTransparentClock(clock({ ports })),
    );
    expect(replies).toEqual([fromHex(exchange?.reply ?? '')]);
  });

  it('is asked by a port that pmc names as we do', () => {
    const [reply] = ask({}).replies;
    expect(reply && portIdentityText(reply.message.targetPortIdentity)).toBe(
      '020000.fffe.00000b-1',
    );
  });
});
