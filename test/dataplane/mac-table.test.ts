import { describe, expect, it } from 'vitest';
import type { Station } from '#dataplane/station-entries';
import { MacTable } from '#dataplane/mac-table';
import { macAddress, portNumber, portValue, vlanId } from '#units/identity';
import { instant, seconds, type Instant } from '#units/time';

const at = (s: number): Instant => instant(BigInt(s) * 1_000_000_000n);

const station = (mac: string, port: number, vlan = 1): Station => ({
  mac: macAddress(mac),
  port: portNumber(port),
  vlan: vlanId(vlan),
});

const A = '02:00:00:00:00:0a';
const B = '02:00:00:00:00:0b';

function table(maxEntries = 10): MacTable {
  return new MacTable({
    aging: seconds(100),
    maxEntries,
    isMember: ({ port }) => portValue(port) <= 4,
  });
}

describe('a station', () => {
  it('that is heard for the first time is forwarded to before it is known as a source', () => {
    const macs = table();
    expect(macs.learn(station(A, 1), at(0))).toEqual([
      { operation: 'insert', table: 'destination_mac', station: station(A, 1) },
      { operation: 'insert', table: 'source_mac', station: station(A, 1) },
    ]);
    expect(macs.learn(station(A, 1), at(1))).toEqual([]);
    expect(macs.counters).toMatchObject({ learned: 1, moved: 0 });
  });

  it('that moves is modified in both tables', () => {
    const macs = table();
    macs.learn(station(A, 1), at(0));
    expect(macs.learn(station(A, 2), at(1))).toEqual([
      { operation: 'modify', table: 'destination_mac', station: station(A, 2) },
      { operation: 'modify', table: 'source_mac', station: station(A, 2) },
    ]);
    expect(macs.counters.moved).toBe(1);
    expect(macs.stations()).toEqual([station(A, 2)]);
  });

  it('is another one in another VLAN', () => {
    const macs = table();
    macs.learn(station(A, 1, 1), at(0));
    macs.learn(station(A, 2, 10), at(0));
    expect(macs.size).toBe(2);
  });

  it('that keeps talking is probed after a quarter of the aging time, and stays', () => {
    const macs = table();
    macs.learn(station(A, 1), at(0));
    expect(macs.age(at(24))).toEqual([]);
    expect(macs.age(at(25))).toEqual([
      { operation: 'delete', table: 'source_mac', station: station(A, 1) },
    ]);
    expect(macs.age(at(26))).toEqual([]);
    expect(macs.learn(station(A, 1), at(27))).toEqual([
      { operation: 'insert', table: 'source_mac', station: station(A, 1) },
    ]);
    expect(macs.age(at(110))).toHaveLength(1);
    expect(macs.size).toBe(1);
  });

  it('that moves while it is probed is inserted as a source at its new port', () => {
    const macs = table();
    macs.learn(station(A, 1), at(0));
    macs.age(at(25));
    expect(macs.learn(station(A, 3), at(26))).toEqual([
      { operation: 'modify', table: 'destination_mac', station: station(A, 3) },
      { operation: 'insert', table: 'source_mac', station: station(A, 3) },
    ]);
  });

  it('that keeps silent is removed after the aging time', () => {
    const macs = table();
    macs.learn(station(A, 1), at(0));
    macs.age(at(25));
    expect(macs.age(at(100))).toEqual([
      { operation: 'delete', table: 'destination_mac', station: station(A, 1) },
    ]);
    expect(macs.size).toBe(0);
    expect(macs.counters.aged).toBe(1);
  });

  it('that was never probed leaves both tables', () => {
    const macs = table();
    macs.learn(station(A, 1), at(0));
    expect(macs.age(at(100)).map((change) => change.table)).toEqual([
      'source_mac',
      'destination_mac',
    ]);
  });

  it('that an earlier agent had learned is known, and ages like any other', () => {
    const macs = table();
    expect(macs.adopt(station(A, 1), true, at(0))).toBe(true);
    expect(macs.adopt(station(B, 2), false, at(0))).toBe(true);
    expect(macs.knownSources()).toEqual([station(A, 1)]);
    expect(macs.learn(station(A, 1), at(1))).toEqual([]);
    expect(macs.age(at(100)).map((change) => change.operation)).toEqual(['delete', 'delete']);
  });

  it('that the switch refused is learned anew', () => {
    const macs = table();
    macs.learn(station(A, 1), at(0));
    macs.forget(station(A, 1));
    expect(macs.counters.writeFailed).toBe(1);
    expect(macs.learn(station(A, 1), at(1))).toHaveLength(2);
  });
});

describe('the table refuses', () => {
  it('more than its capacity', () => {
    const macs = table(1);
    macs.learn(station(A, 1), at(0));
    expect(macs.learn(station(B, 1), at(0))).toEqual([]);
    expect(macs.counters.refusedFull).toBe(1);
    expect(macs.adopt(station(B, 1), true, at(0))).toBe(false);
  });

  it('group addresses and ports that are not in the VLAN', () => {
    const macs = table();
    expect(macs.learn(station('03:00:00:00:00:01', 1), at(0))).toEqual([]);
    expect(macs.learn(station(A, 9), at(0))).toEqual([]);
    expect(macs.counters.refusedInvalid).toBe(2);
    expect(macs.size).toBe(0);
  });
});
