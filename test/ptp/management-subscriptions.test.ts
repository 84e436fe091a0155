import { describe, expect, it } from 'vitest';
import { managedBoundaryClock } from '#ptp/management-boundary-sets';
import { MAX_SUBSCRIBERS, Subscriptions } from '#ptp/management-subscriptions';
import type { NotifiedEvent } from '#ptp/management-types';
import { instant } from '#units/time';
import * as data from '#wire/management-data';
import * as more from '#wire/management-instance-data';
import { decodeManagementTlv, MANAGEMENT_ACTION } from '#wire/management-tlv';
import { decodeMessage } from '#wire/ptp-message';
import { GRANDMASTER, managedInstance } from './managed-instance.js';
import { ASKER, CLOCK } from './management-conversation.js';

const at = (second: number) => instant(BigInt(second) * 1_000_000_000n);
const clock = () => managedBoundaryClock(managedInstance());
const all = (durationSeconds = 10, ...events: NotifiedEvent[]) => ({
  durationSeconds,
  events: events.length > 0 ? events : (['portState', 'timeSync', 'parentDataSet'] as const),
});

function told(octets: Uint8Array) {
  const message = decodeMessage(octets);
  if (!message.ok || message.value.kind !== 'management') throw new Error('no management');
  const [tlv] = message.value.tlvs;
  const decoded = tlv && decodeManagementTlv(tlv);
  if (decoded?.ok !== true || decoded.value.kind !== 'management') throw new Error('no set');
  return { ...message.value, data: decoded.value.data };
}

describe('a subscriber', () => {
  it('is told of what it asked for, as if it had asked for the set', () => {
    const subscriptions = new Subscriptions();
    subscriptions.subscribe('a', ASKER, all(), at(0));
    const [first] = subscriptions.notify('portState', 2, clock, at(1));
    const [second] = subscriptions.notify('timeSync', 0, clock, at(1));
    const [third] = subscriptions.notify('parentDataSet', 0, clock, at(1));
    const state = told(first?.octets ?? new Uint8Array());
    expect(state).toMatchObject({
      action: MANAGEMENT_ACTION.response,
      targetPortIdentity: ASKER,
      header: { sequenceId: 0, sourcePortIdentity: { clockIdentity: CLOCK, portNumber: 2 } },
    });
    expect(data.portDataSet.decode(state.data)).toMatchObject({
      value: { portState: data.PORT_STATE.master },
    });
    const time = told(second?.octets ?? new Uint8Array());
    expect(time.header.sequenceId).toBe(1);
    expect(more.timeStatusNp.decode(time.data)).toMatchObject({ value: { masterOffsetNs: -13n } });
    const parent = told(third?.octets ?? new Uint8Array());
    expect(data.parentDataSet.decode(parent.data)).toMatchObject({
      value: { grandmasterIdentity: GRANDMASTER },
    });
  });

  it('is not told of anything else, nor after its time, nor when it ended it', () => {
    const subscriptions = new Subscriptions();
    subscriptions.subscribe('a', ASKER, all(10, 'timeSync'), at(0));
    expect(subscriptions.notify('portState', 1, clock, at(1))).toEqual([]);
    expect(subscriptions.notify('timeSync', 0, clock, at(9))).toHaveLength(1);
    expect(subscriptions.notify('timeSync', 0, clock, at(10))).toEqual([]);
    subscriptions.subscribe('a', ASKER, all(), at(11));
    subscriptions.subscribe('a', ASKER, all(0), at(12));
    expect(subscriptions.notify('timeSync', 0, clock, at(12))).toEqual([]);
    expect(subscriptions.size).toBe(0);
  });

  it('renews in place, and goes on counting', () => {
    const subscriptions = new Subscriptions();
    subscriptions.subscribe('a', ASKER, all(), at(0));
    subscriptions.notify('timeSync', 0, clock, at(1));
    subscriptions.subscribe('a', ASKER, all(), at(8));
    const [next] = subscriptions.notify('timeSync', 0, clock, at(15));
    expect(told(next?.octets ?? new Uint8Array()).header.sequenceId).toBe(1);
    expect(subscriptions.size).toBe(1);
  });
});

it('there are only so many, and nobody loses a place to a newcomer', () => {
  const subscriptions = new Subscriptions();
  for (let i = 0; i < MAX_SUBSCRIBERS; i += 1) {
    expect(subscriptions.subscribe(`${i}`, ASKER, all(), at(0))).toBe(true);
  }
  expect(subscriptions.subscribe('late', ASKER, all(), at(1))).toBe(false);
  expect(subscriptions.subscribe('3', ASKER, all(), at(1))).toBe(true);
  expect(subscriptions.refused).toBe(1);
  expect(subscriptions.subscribe('late', ASKER, all(), at(10))).toBe(true);
});

it('the clock is not asked when nobody listens', () => {
  const silent = () => {
    throw new Error('asked');
  };
  expect(new Subscriptions().notify('timeSync', 0, silent, at(0))).toEqual([]);
});
