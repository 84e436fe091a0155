import { describe, expect, it } from 'vitest';
import {
  parseInterfaceStatistics,
  readInterfaceStatistics,
} from '#server/switch/interface-statistics';

const TEXT = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1000      10    0    0    0     0          0         0     1000      10    0    0    0     0       0          0
 eth0.5:123456789012    2    3    4    5     6          7         8 9 10 11 12 13 14 15 16
veth:1: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16
`;

describe('statistics of interfaces', () => {
  it('are read by column, also where a name has a colon or a counter follows at once', () => {
    const found = parseInterfaceStatistics(TEXT);
    expect([...found.keys()]).toEqual(['lo', 'eth0.5', 'veth:1']);
    expect(found.get('lo')).toMatchObject({ rxOctets: 1000, txFrames: 10, txErrors: 0 });
    expect(found.get('eth0.5')).toEqual({
      rxOctets: 123_456_789_012,
      rxFrames: 2,
      rxErrors: 3,
      rxDropped: 4,
      rxFifoErrors: 5,
      rxFramingErrors: 6,
      rxCompressed: 7,
      rxMulticast: 8,
      txOctets: 9,
      txFrames: 10,
      txErrors: 11,
      txDropped: 12,
      txFifoErrors: 13,
      txCollisions: 14,
      txCarrierErrors: 15,
      txCompressed: 16,
    });
  });

  it('of something else are none', () => {
    expect(parseInterfaceStatistics('').size).toBe(0);
    expect(parseInterfaceStatistics('lo: 1 2 3\n').size).toBe(0);
  });

  it('of this machine are there', () => {
    expect(readInterfaceStatistics().get('lo')).toMatchObject({ rxErrors: 0 });
  });
});
