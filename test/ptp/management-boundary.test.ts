import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BOUNDARY_SET_IDS, managedBoundaryClock } from '#ptp/management-boundary-sets';
import { passManagementOn } from '#ptp/management-forwarding';
import type { PortState } from '#ptp/data-sets';
import { instant, logInterval, scaledFromNumber } from '#units/time';
import * as data from '#wire/management-data';
import * as more from '#wire/management-instance-data';
import { MANAGEMENT_ACTION, MANAGEMENT_ERROR, MANAGEMENT_ID } from '#wire/management-tlv';
import { encodeMessage } from '#wire/ptp-message';
import { askManaged, CLOCK, onlyDataOf, requestOf, type Asked } from './management-conversation.js';
import { GRANDMASTER, instanceStatus, managedInstance } from './managed-instance.js';

const SEED = 0x1588;

const ask = (asked: Asked) => askManaged(asked, managedBoundaryClock(managedInstance()));
const get = (managementId: number): Uint8Array => onlyDataOf(ask({ managementId }));
const atPort = (portNumber: number): Asked => ({ target: { clockIdentity: CLOCK, portNumber } });
const set = (managementId: number, octets: Uint8Array, more: Asked = {}) =>
  ask({ managementId, action: MANAGEMENT_ACTION.set, data: octets, origin: 'local', ...more });
const effectOf = ({ effects }: ReturnType<typeof ask>) => {
  expect(effects).toHaveLength(1);
  return effects[0];
};
const changeOf = (answer: ReturnType<typeof ask>) => {
  const effect = effectOf(answer);
  return effect?.kind === 'changeInstance' ? effect.change : effect;
};

describe('what a boundary clock says of itself', () => {
  it('DEFAULT_DATA_SET: two-step where one of its ports is', () => {
    expect(data.defaultDataSet.decode(get(MANAGEMENT_ID.defaultDataSet))).toMatchObject({
      value: {
        flags: 1,
        numberPorts: 3,
        priority1: 127,
        clockClass: 248,
        priority2: 126,
        clockIdentity: CLOCK,
      },
    });
  });

  it('CURRENT_DATA_SET', () => {
    expect(data.currentDataSet.decode(get(MANAGEMENT_ID.currentDataSet))).toEqual({
      ok: true,
      value: {
        stepsRemoved: 2,
        offsetFromMaster: scaledFromNumber(-12.5),
        meanDelay: scaledFromNumber(345.25),
      },
    });
  });

  it('PARENT_DATA_SET', () => {
    expect(data.parentDataSet.decode(get(MANAGEMENT_ID.parentDataSet))).toMatchObject({
      value: {
        parentPortIdentity: { clockIdentity: GRANDMASTER + 1n, portNumber: 4 },
        grandmasterIdentity: GRANDMASTER,
        clockClass: 6,
        clockAccuracy: 0x21,
        offsetScaledLogVariance: 0x4e5d,
        grandmasterPriority1: 1,
        grandmasterPriority2: 2,
      },
    });
  });

  it('TIME_PROPERTIES_DATA_SET, and its parts each alone', () => {
    expect(data.timePropertiesDataSet.decode(get(MANAGEMENT_ID.timePropertiesDataSet))).toEqual({
      ok: true,
      value: { currentUtcOffset: 37, flags: 0b01_1101, timeSource: 0x20 },
    });
    expect(more.utcProperties.decode(get(MANAGEMENT_ID.utcProperties))).toMatchObject({
      value: { currentUtcOffset: 37, flags: 0b101 },
    });
    expect(
      more.traceabilityProperties.decode(get(MANAGEMENT_ID.traceabilityProperties)),
    ).toMatchObject({ value: { flags: 0b1_0000 } });
    expect(more.timescaleProperties.decode(get(MANAGEMENT_ID.timescaleProperties))).toMatchObject({
      value: { flags: 0b1000, timeSource: 0x20 },
    });
  });

  it('TIME, PATH_TRACE_LIST and PATH_TRACE_ENABLE', () => {
    expect(more.time.decode(get(MANAGEMENT_ID.time))).toEqual({
      ok: true,
      value: instant(1_800_000_000_500_000_000n),
    });
    expect(more.pathTraceList.decode(get(MANAGEMENT_ID.pathTraceList))).toEqual({
      ok: true,
      value: [GRANDMASTER, GRANDMASTER + 1n],
    });
    expect(get(MANAGEMENT_ID.pathTraceEnable)).toEqual(Uint8Array.of(1, 0));
  });

  it('TIME_STATUS_NP in whole nanoseconds, rounded down', () => {
    const octets = get(MANAGEMENT_ID.timeStatusNp);
    expect(octets).toHaveLength(50);
    expect(more.timeStatusNp.decode(octets)).toMatchObject({
      value: {
        masterOffsetNs: -13n,
        ingressTimeNs: 1_800_000_000_000_000_001n,
        gmPresent: 1,
        gmIdentity: GRANDMASTER,
      },
    });
  });

  it('TIME_STATUS_NP of a grandmaster has none present', () => {
    const status = instanceStatus();
    const own = { ...status.parentDS, grandmasterIdentity: CLOCK };
    const managed = managedInstance({ status: { ...status, parentDS: own }, lastSyncTimeNs: null });
    const answer = askManaged(
      { managementId: MANAGEMENT_ID.timeStatusNp },
      managedBoundaryClock(managed),
    );
    expect(more.timeStatusNp.decode(onlyDataOf(answer))).toMatchObject({
      value: { gmPresent: 0, ingressTimeNs: 0n, gmIdentity: CLOCK },
    });
  });

  it('PORT_DATA_SET of each port, with a link delay on P2P ports alone', () => {
    const { replies } = ask({ managementId: MANAGEMENT_ID.portDataSet });
    const values = replies.map(({ tlv }) =>
      tlv.kind === 'management' ? data.portDataSet.decode(tlv.data) : tlv,
    );
    expect(values).toMatchObject([
      { value: { portState: data.PORT_STATE.slave, meanLinkDelay: scaledFromNumber(0) } },
      { value: { portState: data.PORT_STATE.master, meanLinkDelay: scaledFromNumber(1_234) } },
      { value: { portState: data.PORT_STATE.passive, logSyncInterval: -4 } },
    ]);
  });

  it('CLOCK_DESCRIPTION: a boundary clock', () => {
    const { replies } = ask({ managementId: MANAGEMENT_ID.clockDescription, ...atPort(1) });
    const [reply] = replies;
    if (reply?.tlv.kind !== 'management') throw new Error('an error');
    expect(data.clockDescription.decode(reply.tlv.data)).toMatchObject({
      value: { clockType: data.CLOCK_TYPE.boundary },
    });
  });

  it('says of what it is not that it is a boundary clock', () => {
    const { replies } = ask({ managementId: MANAGEMENT_ID.transparentClockDefaultDataSet });
    expect(replies[0]?.tlv).toMatchObject({
      errorId: MANAGEMENT_ERROR.notSupported,
      displayData: 'not of a boundary clock',
    });
  });
});

describe('what the local socket may change', () => {
  it('priorities', () => {
    expect(changeOf(set(MANAGEMENT_ID.priority1, Uint8Array.of(100, 0)))).toEqual({
      what: 'priority1',
      value: 100,
    });
  });

  it('intervals of one port, within bounds', () => {
    const { logSyncInterval } = MANAGEMENT_ID;
    const at2 = atPort(2);
    expect(changeOf(set(logSyncInterval, Uint8Array.of(0xfd, 0), at2))).toEqual({
      what: 'logSyncInterval',
      portNumber: 2,
      value: logInterval(-3),
    });
    expect(set(logSyncInterval, Uint8Array.of(0x80, 0), at2).replies[0]?.tlv).toMatchObject({
      errorId: MANAGEMENT_ERROR.wrongValue,
    });
    expect(set(logSyncInterval, new Uint8Array(0), at2).replies[0]?.tlv).toMatchObject({
      errorId: MANAGEMENT_ERROR.wrongLength,
    });
  });

  it('time properties, of which those of UTC leave the others alone', () => {
    const octets = more.utcProperties.encode({ currentUtcOffset: 38, flags: 0b110 });
    expect(changeOf(set(MANAGEMENT_ID.utcProperties, octets))).toEqual({
      what: 'timeProperties',
      value: {
        currentUtcOffsetSeconds: 38,
        leap59: true,
        leap61: false,
        currentUtcOffsetValid: true,
      },
    });
  });

  it('not both leap seconds at once', () => {
    const octets = more.utcProperties.encode({ currentUtcOffset: 38, flags: 0b011 });
    const { replies, effects } = set(MANAGEMENT_ID.utcProperties, octets);
    expect(replies[0]?.tlv).toMatchObject({ errorId: MANAGEMENT_ERROR.wrongValue });
    expect(effects).toEqual([]);
  });

  it('GRANDMASTER_SETTINGS_NP: quality and time properties together', () => {
    const octets = Uint8Array.of(6, 0x20, 0x4e, 0x5d, 0, 37, 0b11_1100, 0x20);
    expect(changeOf(set(MANAGEMENT_ID.grandmasterSettingsNp, octets))).toMatchObject({
      what: 'grandmasterSettings',
      clockQuality: { clockClass: 6, clockAccuracy: 0x20, offsetScaledLogVariance: 0x4e5d },
      timeProperties: { currentUtcOffsetSeconds: 37, leap61: false, timeTraceable: true },
    });
  });

  it('a port off and on, by a command', () => {
    const command = (managementId: number) =>
      ask({ managementId, action: MANAGEMENT_ACTION.command, origin: 'local', ...atPort(3) });
    const off = command(MANAGEMENT_ID.disablePort);
    expect(changeOf(off)).toEqual({ what: 'portEnable', portNumber: 3, value: false });
    expect(off.replies[0]?.message.action).toBe(MANAGEMENT_ACTION.acknowledge);
    expect(changeOf(command(MANAGEMENT_ID.enablePort))).toMatchObject({ value: true });
  });

  it('who is told of events', () => {
    const events = new Uint8Array(64);
    events[0] = 0b11;
    const octets = more.subscribeEventsNp.encode({ durationSeconds: 180, events });
    expect(effectOf(set(MANAGEMENT_ID.subscribeEventsNp, octets))).toEqual({
      kind: 'subscribe',
      durationSeconds: 180,
      events: ['portState', 'timeSync'],
    });
  });

  it('and nobody on the wire may', () => {
    for (const managementId of BOUNDARY_SET_IDS) {
      const octets = new Uint8Array(66);
      for (const action of [MANAGEMENT_ACTION.set, MANAGEMENT_ACTION.command]) {
        const asked = { managementId, action, data: octets };
        expect(ask({ ...asked, origin: 'multicast' }).effects).toEqual([]);
        expect(ask({ ...asked, origin: 'unicast' }).effects).toEqual([]);
      }
    }
  });
});

it(`answers whatever it is asked (seed ${SEED})`, () => {
  const actions = fc.constantFrom(...Object.values(MANAGEMENT_ACTION));
  const ids = fc.constantFrom(...BOUNDARY_SET_IDS, MANAGEMENT_ID.faultLog, 0xdead);
  const origins = fc.constantFrom('local' as const, 'multicast' as const, 'unicast' as const);
  const octets = fc.uint8Array({ maxLength: 80 });
  fc.assert(
    fc.property(actions, ids, origins, octets, (action, managementId, origin, data) => {
      const asked = { action, managementId, origin, data };
      const answer = ask(asked);
      const asksForMore = answer.octets.reduce((sum, reply) => sum + reply.length, 0);
      if (origin === 'unicast') {
        expect(asksForMore).toBeLessThanOrEqual(encodeMessage(requestOf(asked)).length);
      }
      if (action !== MANAGEMENT_ACTION.set && action !== MANAGEMENT_ACTION.command) {
        expect(answer.effects).toEqual([]);
      }
    }),
    { seed: SEED, numRuns: 2_000 },
  );
});

describe('management for others', () => {
  const states = (...all: PortState[]) =>
    all.map((portState, i) => ({ portNumber: i + 1, portState }));
  const request = (change: Asked = {}): Uint8Array =>
    encodeMessage(requestOf({ change: { startingBoundaryHops: 3, boundaryHops: 3 }, ...change }));
  const other = { clockIdentity: CLOCK + 7n, portNumber: 1 };

  it('goes on by all ports that PTP crosses, with a hop less', () => {
    const ports = states('slave', 'master', 'passive', 'preMaster', 'listening', 'uncalibrated');
    const octets = request({ target: other });
    const passed = passManagementOn(octets, 2, CLOCK, ports);
    expect(passed?.portNumbers).toEqual([1, 4, 6]);
    const changed = octets.slice();
    changed[45] = 2;
    expect(passed?.octets).toEqual(changed);
  });

  it('goes on to all clocks, though we answer too', () => {
    expect(passManagementOn(request(), 1, CLOCK, states('slave', 'master'))).not.toBeNull();
  });

  it.each([
    ['for us alone', { target: { clockIdentity: CLOCK, portNumber: 1 } }, 1],
    ['without a hop left', { change: { boundaryHops: 0 } }, 1],
    ['of our own', { header: { sourcePortIdentity: { clockIdentity: CLOCK, portNumber: 2 } } }, 1],
    ['from a passive port', {}, 3],
    ['from a port that is not ours', {}, 9],
  ] as const)('%s ends here', (_name, change, ingress) => {
    const ports = states('slave', 'master', 'passive');
    expect(passManagementOn(request(change), ingress, CLOCK, ports)).toBeNull();
  });
});
