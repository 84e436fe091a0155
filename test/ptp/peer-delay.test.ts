import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dataplaneTime, scaledNs, scaledUnits, seconds } from '#units/time';
import { FLAG } from '#wire/ptp-header';
import { decodeMessage, encodeMessage } from '#wire/ptp-message';
import {
  asking,
  NEIGHBOR,
  ns,
  OTHER,
  PeerDelayConversation,
  SECOND,
  US,
  type Exchange,
} from './peer-delay-conversation.js';

const SEED = 0x1588;

describe('a port that begins to ask', () => {
  it('sends Pdelay_Req at once, wants its transmit time, and sets the timer', () => {
    const port = asking();
    expect(port.effects()).toMatchObject([
      { kind: 'condition', from: 'stopped', to: 'measuring' },
      {
        kind: 'send',
        token: 0,
        message: { kind: 'pdelayReq', header: { sourcePortIdentity: US, sequenceId: 0 } },
      },
      { kind: 'setTimer', after: seconds(1) },
    ]);
  });

  it('counts the requests on and wraps at 2^16', () => {
    const port = asking();
    port.skip(0xffff);
    expect(port.request.header.sequenceId).toBe(0xffff);
    port.next();
    expect(port.request.header.sequenceId).toBe(0);
    port.answered();
    expect(port.meanLinkDelayNs).toBe(500);
  });

  it('sends what is 54 octets on the wire, with logMessageInterval 0x7F', () => {
    const octets = encodeMessage(asking().request);
    expect(octets).toHaveLength(54);
    expect(octets[33]).toBe(0x7f);
    expect(decodeMessage(octets)).toMatchObject({ ok: true });
  });

  it('says nothing when told to start twice, or to stop before it began', () => {
    const port = new PeerDelayConversation();
    port.apply({ kind: 'stop' });
    port.apply({ kind: 'timer' });
    expect(port.effects()).toEqual([]);
    port.start();
    port.effects();
    port.start();
    expect(port.effects()).toEqual([]);
  });
});

describe('the link delay (11.4.2)', () => {
  it.each<[string, Exchange]>([
    ['two-step', { steps: 'two' }],
    ['one-step', { steps: 'one' }],
    [
      'two-step with the turnaround in correctionField',
      { steps: 'two-with-turnaround-in-correction' },
    ],
  ])('is measured with a %s responder', (_what, exchange) => {
    const port = asking();
    port.answered({ ...exchange, delayNs: 1_234n, turnaroundNs: 777_777n });
    expect(port.meanLinkDelayNs).toBe(1_234);
    expect(port.effects()).toContainEqual({ kind: 'meanLinkDelay', meanLinkDelay: ns(1_234n) });
    expect(port.status).toMatchObject({
      condition: 'valid',
      current: true,
      neighbor: NEIGHBOR,
      responderSteps: exchange.steps === 'one' ? 'one' : 'two',
    });
  });

  it('is without the latencies of both directions', () => {
    const port = asking({ ingressLatency: ns(100n), egressLatency: ns(30n) });
    port.answered({ delayNs: 500n });
    expect(port.meanLinkDelayNs).toBe(500 - 65);
  });

  it('is not moved by the asymmetry, which the request carries and the response brings back', () => {
    const port = asking({ delayAsymmetry: ns(40n) });
    expect(port.request.header.correctionField).toEqual(ns(-40n));
    port.answered({ delayNs: 500n, steps: 'one' });
    port.next();
    expect(port.meanLinkDelayNs).toBe(500);
    port.answered({ delayNs: 500n, steps: 'two' });
    expect(port.meanLinkDelayNs).toBe(500);
  });

  it.each(['ieee1588', 'ieee8021as'] as const)(
    'keeps fractions, by the signs of %s',
    (convention) => {
      const port = asking({ convention, sdoId: convention === 'ieee8021as' ? 0x100 : 0 });
      // t2 a half, t3 a quarter later than their timestamps say: a turnaround shorter by a quarter.
      port.answered({ fractionOfT2: 0x8000n, fractionOfT3: 0x4000n });
      expect(port.meanLinkDelayNs).toBe(500.125);
    },
  );

  it('goes over the wrap of the dataplane’s 48-bit counter', () => {
    const port = asking({}, (1n << 48n) - 700n);
    port.answered({ delayNs: 500n });
    expect(port.meanLinkDelayNs).toBe(500);
  });

  it('is that of the formula, whatever the times are', () => {
    const time = fc.bigInt(0n, (1n << 48n) - 1n);
    fc.assert(
      fc.property(
        time,
        fc.bigInt(0n, 1_000_000n),
        fc.bigInt(0n, 100_000_000n),
        fc.constantFrom<Exchange['steps']>('one', 'two', 'two-with-turnaround-in-correction'),
        (start, delayNs, turnaroundNs, steps) => {
          const port = asking({}, start);
          port.answered({ delayNs, turnaroundNs, ...(steps && { steps }) });
          expect(port.meanLinkDelayNs).toBe(Number(delayNs));
        },
      ),
      { seed: SEED },
    );
  });

  it('takes transmit time, response and follow-up in any order', () => {
    const orders = [
      ['t', 'r', 'f'],
      ['t', 'f', 'r'],
      ['r', 't', 'f'],
      ['r', 'f', 't'],
      ['f', 'r', 't'],
      ['f', 't', 'r'],
    ];
    for (const order of orders) {
      const port = asking();
      const { message, followUp, t4 } = port.response({ delayNs: 300n });
      for (const part of order) {
        expect(port.meanLinkDelayNs).toBeNull();
        if (part === 't') port.stamped();
        else port.receives(part === 'r' ? message : followUp, part === 'r' ? t4 : t4 + 9n);
      }
      expect(port.meanLinkDelayNs, order.join()).toBe(300);
    }
  });
});

describe('the rate of the neighbor (16.10)', () => {
  it('is learnt from successive exchanges and applied to the turnaround', () => {
    const port = asking();
    port.neighborPpm = 100n;
    // 10 ms of turnaround at 100 ppm: 1 µs too much, half of it in the delay.
    port.answered({ turnaroundNs: 10_000_000n });
    port.next();
    expect(port.meanLinkDelayNs).toBe(0);
    expect(port.status.neighborRateOffsetPpb).toBeNull();
    port.run(15, { turnaroundNs: 10_000_000n });
    expect(port.status.neighborRateOffsetPpb).toBeCloseTo(100_000, 0);
    expect(port.meanLinkDelayNs).toBeCloseTo(500, 0);
  });

  it('is not moved by a few late responses', () => {
    const port = asking();
    port.neighborPpm = -50n;
    for (let i = 0; i < 16; i++) {
      port.run(1, i % 5 === 2 ? { delayNs: 90_000n } : {});
    }
    expect(port.status.neighborRateOffsetPpb).toBeCloseTo(-50_000, 0);
  });

  it('begins anew when the neighbor’s clock is set', () => {
    const port = asking();
    port.run(8);
    expect(port.status.neighborRateOffsetPpb).toBeCloseTo(0, 3);
    port.neighborAheadNs -= 3n * SECOND;
    port.run(1);
    expect(port.status.neighborRateOffsetPpb).toBeNull();
    expect(port.status.counters.neighborClockSteps).toBe(1);
    port.run(4);
    expect(port.status.neighborRateOffsetPpb).toBeCloseTo(0, 3);
    expect(port.meanLinkDelayNs).toBe(500);
  });

  it('is not known of a one-step responder', () => {
    const port = asking();
    port.run(8, { steps: 'one' });
    expect(port.status.neighborRateOffsetPpb).toBeNull();
  });
});

describe('the filter', () => {
  it('refuses what is far from the median, and says so', () => {
    const port = asking();
    port.run(6, { delayNs: 500n });
    port.effects();
    port.run(1, { delayNs: 80_000n });
    expect(port.effects().filter(({ kind }) => kind === 'meanLinkDelay')).toEqual([]);
    expect(port.meanLinkDelayNs).toBe(500);
    expect(port.status).toMatchObject({ condition: 'valid', counters: { delaysRejected: 1 } });
    expect(port.status.lastLinkDelay).toEqual(ns(80_000n));
  });

  it('follows a link that changed for good after half of its length', () => {
    const port = asking();
    port.run(10, { delayNs: 500n });
    port.run(4, { delayNs: 2_500n });
    expect(port.meanLinkDelayNs).toBe(500);
    port.run(1, { delayNs: 2_500n });
    expect(port.meanLinkDelayNs).toBe(2_500);
    expect(port.status.counters).toMatchObject({ delaysRejected: 4, delayLevelsChanged: 1 });
  });

  it('keeps delays below zero, which noise makes, and counts them', () => {
    const port = asking({ ingressLatency: ns(600n), egressLatency: ns(600n) });
    port.run(5, { delayNs: 500n });
    expect(port.meanLinkDelayNs).toBe(-100);
    expect(port.status.counters.delaysNegative).toBe(5);
  });

  it('does not begin with what no link can be', () => {
    const port = asking();
    port.stamped();
    const { message, followUp, t4 } = port.response({ steps: 'one', turnaroundNs: SECOND });
    void followUp;
    port.receives(message, t4 - SECOND);
    expect(port.meanLinkDelayNs).toBeNull();
    expect(port.status).toMatchObject({ condition: 'measuring', counters: { delaysRejected: 1 } });
  });

  it('does not use a turnaround that ends before it began', () => {
    const port = asking();
    port.answered({ turnaroundNs: -5_000_000n });
    expect(port.meanLinkDelayNs).toBeNull();
    expect(port.status.counters.delaysRejected).toBe(1);
  });
});

describe('a port whose messages are lost', () => {
  it('keeps asking, and keeps the delay it knows', () => {
    const port = asking({ allowedLostResponses: 3 });
    port.run(3);
    port.unanswered(3);
    expect(port.status).toMatchObject({ condition: 'valid', lostResponses: 3 });
    port.effects();
    port.unanswered(1);
    expect(port.status).toMatchObject({
      condition: 'no-response',
      current: false,
      counters: { responsesLost: 4 },
    });
    expect(port.effects()).toMatchObject([
      { kind: 'condition', from: 'valid', to: 'no-response' },
      { kind: 'send' },
      { kind: 'setTimer' },
    ]);
    expect(port.meanLinkDelayNs).toBe(500);
  });

  it('recovers with the first answer', () => {
    const port = asking({ allowedLostResponses: 0 });
    port.stamped();
    port.next();
    expect(port.status.condition).toBe('no-response');
    port.answered();
    expect(port.status).toMatchObject({ condition: 'valid', lostResponses: 0 });
  });

  it('counts a Follow_Up that does not come, and does not guess', () => {
    const port = asking();
    port.stamped();
    const { message, t4 } = port.response();
    port.receives(message, t4);
    port.next();
    expect(port.status).toMatchObject({
      meanLinkDelay: null,
      lostResponses: 1,
      counters: { followUpsLost: 1, responsesLost: 0 },
    });
  });

  it('does not guess a transmit time, but counts, and tells after a few', () => {
    const port = asking({ allowedLostResponses: 2 });
    for (let i = 0; i < 3; i++) {
      port.answers();
      port.next();
    }
    expect(port.meanLinkDelayNs).toBeNull();
    expect(port.status).toMatchObject({
      condition: 'no-transmit-time',
      lostResponses: 0,
      counters: { transmitTimesMissing: 3, responsesLost: 0 },
    });
    port.answered();
    expect(port.status.condition).toBe('valid');
  });

  it('does not take the transmit time of another request, nor one twice', () => {
    const port = asking();
    port.stamped();
    port.next();
    const time = dataplaneTime(port.now);
    port.apply({ kind: 'transmitTime', token: 0, transmitTime: time });
    port.apply({ kind: 'transmitTime', token: 1, transmitTime: time });
    port.apply({ kind: 'transmitTime', token: 1, transmitTime: dataplaneTime(port.now + 999n) });
    port.answers();
    expect(port.meanLinkDelayNs).toBe(500);
    expect(port.status.counters.transmitTimesUnknown).toBe(2);
  });

  it('takes a transmit time of zero for one', () => {
    const port = asking({}, 0n);
    port.answered();
    expect(port.meanLinkDelayNs).toBe(500);
  });
});

describe('a port that is stopped or told otherwise', () => {
  it('forgets its link and takes the delay back', () => {
    const port = asking();
    port.run(3);
    port.effects();
    port.apply({ kind: 'stop' });
    expect(port.effects()).toMatchObject([
      { kind: 'cancelTimer' },
      { kind: 'meanLinkDelay', meanLinkDelay: null },
      { kind: 'condition', to: 'stopped' },
    ]);
    port.answered();
    expect(port.status).toMatchObject({
      condition: 'stopped',
      meanLinkDelay: null,
      neighbor: null,
    });
  });

  it('measures anew by other latencies, and keeps the value until then', () => {
    const port = asking();
    port.run(6);
    port.apply({ kind: 'configure', config: { ...port.config, ingressLatency: ns(200n) } });
    expect(port.meanLinkDelayNs).toBe(500);
    port.next();
    port.answered();
    expect(port.meanLinkDelayNs).toBe(400);
  });

  it('takes another interval at once and keeps what it measured', () => {
    const port = asking();
    port.run(6);
    port.effects();
    const logInterval = port.config.logInterval;
    port.apply({ kind: 'configure', config: { ...port.config, filterLength: 4 } });
    expect(port.effects()).toEqual([]);
    expect(port.config.logInterval).toBe(logInterval);
    expect(port.status.meanLinkDelay).toEqual(ns(500n));
  });
});

describe('whatever comes', () => {
  it('is borne: no input throws, counters only grow, and the window is bounded', () => {
    const port = asking();
    const identity = fc.constantFrom(US, NEIGHBOR, OTHER);
    const step = fc.record({
      kind: fc.constantFrom('timer', 'stamp', 'resp', 'followUp', 'start', 'stop', 'late'),
      responder: identity,
      asker: identity,
      flags: fc.constantFrom(0, FLAG.twoStep),
      units: fc.bigInt(-(1n << 63n), (1n << 63n) - 1n),
      time: fc.bigInt(0n, 1n << 48n),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        for (const { kind, responder, asker, flags, units, time } of steps) {
          const { message, followUp } = port.response({ responder });
          const header = { ...message.header, flags, correctionField: scaledNs(units) };
          const requestingPortIdentity = asker;
          if (kind === 'timer') port.next();
          else if (kind === 'stamp') port.stamped();
          else if (kind === 'resp')
            port.receives({ ...message, header, requestingPortIdentity }, time);
          else if (kind === 'followUp') port.receives({ ...followUp, header }, time);
          else if (kind === 'late')
            port.apply({
              kind: 'transmitTime',
              token: Number(time & 0xffffn),
              transmitTime: dataplaneTime(time),
            });
          else port.apply({ kind: kind === 'start' ? 'start' : 'stop' });
          port.effects();
        }
        const { meanLinkDelay, lastLinkDelay } = port.status;
        if (meanLinkDelay !== null) {
          expect(scaledUnits(meanLinkDelay)).toBeGreaterThanOrEqual(-1_000_000n << 16n);
          expect(lastLinkDelay).not.toBeNull();
        }
      }),
      { seed: SEED, numRuns: 200 },
    );
  });
});
