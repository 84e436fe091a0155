import { describe, expect, it } from 'vitest';
import { scaledNs } from '#units/time';
import { asking, ns, OTHER, US, type PeerDelayConversation } from './peer-delay-conversation.js';

describe('stray responses', () => {
  const strays = (port: PeerDelayConversation) => {
    const { message, followUp, t4 } = port.response();
    return { message, followUp, t4 };
  };

  it.each([
    ['another asker', { requestingPortIdentity: OTHER }, {}, 'responsesToOthers'],
    [
      'another port of ours',
      { requestingPortIdentity: { ...US, portNumber: 4 } },
      {},
      'responsesToOthers',
    ],
    ['another request', {}, { sequenceId: 77 }, 'responsesUnmatched'],
    ['another domain', {}, { domainNumber: 5 }, 'responsesOfOtherInstances'],
    ['another sdoId', {}, { majorSdoId: 1 }, 'responsesOfOtherInstances'],
  ] as const)('to %s are counted and change nothing', (_what, body, header, counter) => {
    const port = asking();
    port.run(3);
    port.stamped();
    const before = port.status;
    const { message, followUp, t4 } = strays(port);
    port.receives({ ...message, ...body, header: { ...message.header, ...header } }, t4);
    port.receives({ ...followUp, ...body, header: { ...followUp.header, ...header } }, t4);
    expect(port.status.counters[counter]).toBe(2);
    expect({ ...port.status, counters: null }).toEqual({ ...before, counters: null });
    port.answers();
    expect(port.status.counters.exchangesCompleted).toBe(4);
  });

  it('that come late, after the next request, are counted', () => {
    const port = asking();
    port.stamped();
    const late = port.response();
    port.next();
    port.receives(late.message, late.t4);
    expect(port.status.counters).toMatchObject({ responsesUnmatched: 1, responsesLost: 1 });
  });

  it('of the same responder a second time are counted, and the first is used', () => {
    const port = asking();
    port.stamped();
    const { message, followUp, t4 } = port.response();
    port.receives(message, t4);
    port.receives(message, t4 + 4_000n);
    port.receives(followUp);
    port.receives(followUp);
    expect(port.meanLinkDelayNs).toBe(500);
    expect(port.status).toMatchObject({ condition: 'valid', counters: { responsesDuplicate: 2 } });
  });
});

describe('two ports that answer one request', () => {
  const twoAnswer = (port: PeerDelayConversation) => {
    port.answered();
    port.answers({ responder: OTHER, delayNs: 9_000n });
  };

  it('mark the measurement, and nothing is measured', () => {
    const port = asking();
    port.run(5);
    port.effects();
    twoAnswer(port);
    expect(port.effects()).toMatchObject([{ kind: 'condition', to: 'multiple-responders' }]);
    expect(port.status).toMatchObject({
      condition: 'multiple-responders',
      current: false,
      meanLinkDelay: ns(500n),
      counters: { responsesOfOtherPorts: 2 },
    });
  });

  it('take back what the first one gave, should the second be late', () => {
    const port = asking();
    port.answered();
    expect(port.meanLinkDelayNs).toBe(500);
    port.effects();
    port.answers({ responder: OTHER });
    expect(port.meanLinkDelayNs).toBeNull();
    expect(port.effects()[0]).toEqual({ kind: 'meanLinkDelay', meanLinkDelay: null });
  });

  it('are found by the Follow_Up alone, too', () => {
    const port = asking();
    port.stamped();
    port.receives(port.response().followUp);
    port.receives(port.response({ responder: OTHER }).message);
    expect(port.status.condition).toBe('multiple-responders');
  });

  it('are forgotten after three clean exchanges; then the link is measured anew', () => {
    const port = asking();
    port.run(5);
    twoAnswer(port);
    port.next();
    port.run(2, { responder: OTHER, delayNs: 700n });
    expect(port.status.condition).toBe('multiple-responders');
    port.run(1, { responder: OTHER, delayNs: 700n });
    expect(port.status).toMatchObject({ condition: 'measuring', meanLinkDelay: ns(500n) });
    port.run(1, { responder: OTHER, delayNs: 700n });
    expect(port.status).toMatchObject({
      condition: 'valid',
      neighbor: OTHER,
      meanLinkDelay: ns(700n),
    });
  });

  it('that go on keep it marked', () => {
    const port = asking();
    for (let i = 0; i < 10; i++) {
      twoAnswer(port);
      port.next();
      port.run(2);
    }
    expect(port.status.condition).toBe('multiple-responders');
    expect(port.status.counters.exchangesCompleted).toBe(1);
  });
});

describe('other neighbors', () => {
  it('measure a link of their own', () => {
    const port = asking();
    port.run(10, { delayNs: 500n });
    port.run(1, { delayNs: 4_000n, responder: OTHER });
    expect(port.meanLinkDelayNs).toBe(4_000);
    expect(port.status).toMatchObject({ neighbor: OTHER, counters: { neighborsChanged: 1 } });
  });

  it('that are ourselves are a loop, until it is gone', () => {
    const port = asking();
    port.answered({ responder: { ...US, portNumber: 9 } });
    expect(port.status).toMatchObject({ condition: 'own-response', meanLinkDelay: null });
    port.next();
    port.run(4);
    expect(port.status.condition).toBe('valid');
  });
});

describe('asCapable (802.1AS-2020, 11.2.19)', () => {
  const AS = { convention: 'ieee8021as', sdoId: 0x100 } as const;

  it('is not kept by the rules of IEEE 1588', () => {
    expect(asking().status.asCapable).toBeNull();
  });

  it('needs a short link and the neighbor’s rate', () => {
    const port = asking(AS);
    port.run(3, { delayNs: 300n });
    expect(port.status).toMatchObject({ condition: 'valid', asCapable: false });
    port.effects();
    port.run(1, { delayNs: 300n });
    expect(port.status.asCapable).toBe(true);
    expect(port.effects()).toContainEqual({ kind: 'asCapable', asCapable: true });
  });

  it('is never had by a link beyond the threshold', () => {
    const port = asking(AS);
    port.run(30, { delayNs: 900n });
    expect(port.status).toMatchObject({ condition: 'valid', asCapable: false });
  });

  it('outlives allowedFaults measurements beyond the threshold', () => {
    const port = asking({ ...AS, allowedFaults: 4, filterLength: 1 });
    port.run(5, { delayNs: 300n });
    port.run(4, { delayNs: 900n });
    expect(port.status.asCapable).toBe(true);
    port.run(1, { delayNs: 900n });
    expect(port.status.asCapable).toBe(false);
  });

  it('ends with the responses', () => {
    const port = asking({ ...AS, allowedLostResponses: 3 });
    port.run(5, { delayNs: 300n });
    port.unanswered(3);
    expect(port.status.asCapable).toBe(true);
    port.unanswered(1);
    expect(port.status).toMatchObject({ condition: 'no-response', asCapable: false });
  });

  it('is lost to a second responder', () => {
    const port = asking(AS);
    port.run(5, { delayNs: 300n });
    port.answered({ delayNs: 300n });
    port.answers({ responder: OTHER });
    expect(port.status.asCapable).toBe(false);
  });

  it('has requests with their interval and without the asymmetry', () => {
    const port = asking({ ...AS, delayAsymmetry: ns(50n) });
    expect(port.request.header).toMatchObject({ majorSdoId: 1, correctionField: scaledNs(0n) });
    expect(port.request.header.logMessageInterval).toEqual(port.config.logInterval);
  });
});
