/** Requests in pairs: the first one warms the way, the second is measured. */
import { describe, expect, it } from 'vitest';
import { seconds } from '#units/time';
import { asking, OTHER, US, type PeerDelayConversation } from './peer-delay-conversation.js';

const SEED = 0x1588;
const LINK_NS = 500;

const inPairs = () => asking({ inPairs: true });

/** The other request's answer: the same but for its number. */
function answerAhead(port: PeerDelayConversation, responder = port.response().message): void {
  const { message, followUp, t4 } = port.response();
  const { sourcePortIdentity } = responder.header;
  const sequenceId = (port.request.header.sequenceId - 1) & 0xffff;
  for (const answer of [message, followUp]) {
    const header = { ...answer.header, sourcePortIdentity, sequenceId };
    port.receives({ ...answer, header }, t4 - 300_000n);
  }
}

describe('a port that asks in pairs', () => {
  it('sends two requests at once, each with its number, and wants the time of the second', () => {
    const port = inPairs();
    const header = { sourcePortIdentity: US };
    expect(port.effects()).toMatchObject([
      { kind: 'condition', to: 'measuring' },
      { kind: 'sendAhead', message: { kind: 'pdelayReq', header: { ...header, sequenceId: 0 } } },
      { kind: 'send', token: 1, message: { header: { ...header, sequenceId: 1 } } },
      { kind: 'setTimer', after: seconds(2) },
    ]);
  });

  it('asks no more often in the mean than one that asks alone', () => {
    const pairs = inPairs();
    const alone = asking();
    pairs.skip(500);
    alone.skip(1_000);
    expect(pairs.status.counters.requestsSent - 2).toBe(alone.status.counters.requestsSent - 1);
  });

  it('takes the answer to the first for no measurement and for no fault', () => {
    const port = inPairs();
    port.stamped();
    answerAhead(port);
    expect(port.status).toMatchObject({ condition: 'measuring', meanLinkDelay: null });
    port.answers();
    expect(port.meanLinkDelayNs).toBe(LINK_NS);
    answerAhead(port);
    answerAhead(port, { ...port.response({ responder: OTHER }).message });
    expect(port.meanLinkDelayNs).toBe(LINK_NS);
    expect(port.status).toMatchObject({
      condition: 'valid',
      counters: { exchangesCompleted: 1, responsesReceived: 4, responsesUnmatched: 0 },
    });
  });

  it('loses an exchange when only the first is answered', () => {
    const port = inPairs();
    port.stamped();
    answerAhead(port);
    port.next();
    expect(port.status).toMatchObject({ lostResponses: 1, counters: { responsesLost: 1 } });
  });

  it('counts the requests on and wraps at 2^16', () => {
    const port = inPairs();
    port.run(1);
    port.skip(0x7ffe);
    port.next();
    expect(port.request.header.sequenceId).toBe(1);
    answerAhead(port);
    port.answered();
    expect(port.status.counters.responsesUnmatched).toBe(0);
  });
});

/** 0 to 1: mulberry32. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** About normal, of deviation 1. */
const noiseOf = (random: () => number) =>
  Array.from({ length: 12 }, random).reduce((sum, value) => sum + value, -6);

describe(`the delay of a link (seed ${SEED})`, () => {
  const SPREAD_NS = 40;
  const COLD_NS = [200, 900] as const;

  /** Mean error of what is told over 400 exchanges; `coldNs` more for a request that goes alone. */
  function bias(port: PeerDelayConversation, coldNs: readonly [number, number]): number {
    const random = randomOf(SEED);
    let sum = 0;
    for (let i = 0; i < 400; i++) {
      const [least, most] = coldNs;
      const cold = port.config.inPairs ? 0 : least + (most - least) * random();
      const delayNs = BigInt(Math.round(LINK_NS + cold / 2 + SPREAD_NS * noiseOf(random)));
      port.answered({ delayNs });
      sum += (port.meanLinkDelayNs ?? 0) - LINK_NS;
      port.next();
    }
    return sum / 400;
  }

  it('is not biased by noise that is as often less as more, in pairs or alone', () => {
    expect(Math.abs(bias(asking(), [0, 0]))).toBeLessThan(SPREAD_NS / 4);
    expect(Math.abs(bias(inPairs(), [0, 0]))).toBeLessThan(SPREAD_NS / 4);
  });

  it('has half of what a cold way adds in it, unless the way was warmed', () => {
    expect(bias(asking(), COLD_NS)).toBeGreaterThan(COLD_NS[0] / 2);
    expect(Math.abs(bias(inPairs(), COLD_NS))).toBeLessThan(SPREAD_NS / 4);
  });
});
