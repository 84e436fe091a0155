/** The simulator's transparent clock against the vectors that the P4 program itself is held to. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from 'vitest';
import { decodeFrame } from '#wire/frame';
import { decodeMessage, type PtpMessage } from '#wire/ptp-message';
import { FLAG } from '#wire/ptp-header';
import { instant, scaledNs } from '#units/time';
import { unhex } from '#lab/bench/frames';
import { PLAIN_PORT, TransparentModel, type TransparentPort } from '#lab/sim/transparent/model';
import { type ExchangeVector, exchangePlan } from '../../../vectors/exchanges.js';
import type { Vector } from '../../../vectors/generate.js';

const P2P = 3;
const VECTORS = join(import.meta.dirname, '../../../vectors');

function load<T>(name: string): readonly T[] {
  return JSON.parse(readFileSync(join(VECTORS, name), 'utf8')) as T[];
}

/** The message in a frame's octets; null: none that is sound. */
function messageIn(hex: string): PtpMessage | null {
  const frame = decodeFrame(unhex(hex));
  if (!frame.ok) return null;
  const message = decodeMessage(frame.value.payload);
  return message.ok ? message.value : null;
}

/** `port:frame`, as exchanges write what leaves. */
function leavingIn(text: string): { port: number; message: PtpMessage | null } {
  const [port = '', frame = ''] = text.split(':');
  return { port: Number(port), message: messageIn(frame) };
}

function portsOf(vector: ExchangeVector): Map<number, TransparentPort> {
  const { timing = [], twoStepPorts = [] } = exchangePlan(vector.modes, vector.twoStep);
  return new Map(
    vector.modes.map((mode, index) => {
      const number = index + 1;
      const terms = timing.find(({ port }) => port === number);
      const port: TransparentPort = {
        mechanism: mode === P2P ? 'p2p' : 'e2e',
        twoStep: twoStepPorts.includes(number),
        ingressLatency: scaledNs(terms?.ingressLatency ?? 0n),
        egressLatency: scaledNs(terms?.egressLatency ?? 0n),
        delayAsymmetry: scaledNs(terms?.asymmetry ?? 0n),
        residenceLimitNs: null,
      };
      return [number, port];
    }),
  );
}

function modelOf(vector: ExchangeVector): TransparentModel {
  const model = new TransparentModel(portsOf(vector));
  for (const { port, meanLinkDelay } of exchangePlan(vector.modes, vector.twoStep).timing ?? []) {
    model.setMeanLinkDelay(port, scaledNs(meanLinkDelay ?? 0n));
  }
  return model;
}

describe('a simulated transparent clock', () => {
  it('corrects as correction.json says, where its random octets are a message', () => {
    const vectors = load<Vector>('correction.json').filter(
      // The simulator's time is a double: exact for 104 days, which bmv2's clock outlives.
      (one) => messageIn(one.in) !== null && Number.isSafeInteger(Number(one.txNs)),
    );
    expect(vectors).toHaveLength(400);
    const wrong = vectors.filter((one) => {
      const model = new TransparentModel(new Map([1, 2].map((port) => [port, PLAIN_PORT])));
      const message = messageIn(one.in);
      const passage = message && model.receive(one.ingress, message, Number(one.rxNs));
      const left = passage ? model.leave(passage, one.egress, Number(one.txNs)) : [];
      const expected = [{ port: one.egress, message: messageIn(one.out ?? one.in) }];
      return !isDeepStrictEqual(left, expected);
    });
    expect(wrong.slice(0, 2).map(({ name }) => name)).toEqual([]);
  });

  it('says in exchanges what exchanges.json says: every message, mechanism and step', () => {
    const vectors = load<ExchangeVector>('exchanges.json');
    let messages = 0;
    const wrong = vectors.filter((vector) => {
      const model = modelOf(vector);
      return vector.steps.some(({ port, rxNs, txNs, in: octets, out }) => {
        const message = messageIn(octets);
        if (message === null) throw new Error(`${vector.name}: no message in ${octets}`);
        messages += 1;
        const passage = model.receive(port, message, Number(rxNs));
        const left = passage === null ? [] : model.leave(passage, 3 - port, Number(txNs));
        return !isDeepStrictEqual(left, out.map(leavingIn));
      });
    });
    expect(messages).toBe(1_600);
    expect(wrong.slice(0, 2).map(({ name }) => name)).toEqual([]);
  });
});

const MASTER = { clockIdentity: 0x1n, portNumber: 1 };
const HEADER = {
  majorSdoId: 0,
  minorVersionPtp: 1,
  domainNumber: 0,
  minorSdoId: 0,
  flags: FLAG.twoStep,
  correctionField: scaledNs(0n),
  messageTypeSpecific: 0,
  sourcePortIdentity: MASTER,
  sequenceId: 7,
  controlField: 0,
  logMessageInterval: 0x7f as never,
};
const SYNC: PtpMessage = { kind: 'sync', header: HEADER, tlvs: [], originTimestamp: instant(0n) };
const FOLLOW_UP: PtpMessage = {
  kind: 'followUp',
  header: { ...HEADER, flags: 0, controlField: 2 },
  tlvs: [],
  preciseOriginTimestamp: instant(5n),
};

describe('its two-step memory', () => {
  const twoStep = () =>
    new TransparentModel(new Map([1, 2].map((port) => [port, { ...PLAIN_PORT, twoStep: true }])));
  const pass = (model: TransparentModel, message: PtpMessage, rxNs: number, txNs: number) => {
    const passage = model.receive(1, message, rxNs);
    return passage === null ? [] : model.leave(passage, 2, txNs);
  };
  const corrections = (left: ReturnType<typeof pass>) =>
    left.map(({ message }) => message.header.correctionField as unknown as bigint);

  it('lets a Follow_Up wait for its Sync, for 10 ms', () => {
    const model = twoStep();
    expect(pass(model, FOLLOW_UP, 0, 10)).toEqual([]);
    expect(corrections(pass(model, SYNC, 100, 350))).toEqual([0n, 250n << 16n]);
    expect(
      pass(model, { ...FOLLOW_UP, header: { ...FOLLOW_UP.header, sequenceId: 8 } }, 400, 410),
    ).toEqual([]);
    model.passTime(20_000_000);
    expect(model.unmatched).toBe(1);
  });

  it('gives a residence to one Follow_Up, not to its copy', () => {
    const model = twoStep();
    pass(model, SYNC, 0, 80);
    expect(corrections(pass(model, FOLLOW_UP, 100, 110))).toEqual([80n << 16n]);
    expect(pass(model, FOLLOW_UP, 120, 130)).toEqual([]);
    expect(model.unmatched).toBe(1);
  });

  it('forgets after two seconds', () => {
    const model = twoStep();
    pass(model, SYNC, 0, 80);
    expect(pass(model, FOLLOW_UP, 2_100_000_000, 2_100_000_010)).toEqual([]);
  });

  it('drops what stays beyond the limit, and what follows it', () => {
    const limited = { ...PLAIN_PORT, twoStep: true, residenceLimitNs: 1_000 };
    const model = new TransparentModel(new Map([1, 2].map((port) => [port, limited])));
    expect(pass(model, SYNC, 0, 1_001)).toHaveLength(1);
    expect(pass(model, FOLLOW_UP, 2_000, 2_010)).toEqual([]);
  });
});
