/**
 * A profile as it is spoken: a grandmaster, a boundary clock and a slave with nothing but the profile's
 * initial values, on virtual links. What goes over the links is held against the same figures.
 */
import { expect, it } from 'vitest';
import { logIntervalValue, nanoseconds, ppb, scaledNs } from '#units/time';
import { sdoIdOf } from '#wire/ptp-header';
import type { PtpMessage } from '#wire/ptp-message';
import { findTlv } from '#wire/tlv/known-tlv';
import type { InstanceConfig, UnicastMaster } from '#ptp/instance/instance-types';
import type { InstanceChoices } from '#ptp/profiles/profile-choices';
import { resolveProfile } from '#ptp/profiles/resolve-profile';
import { VirtualNetwork, type VirtualNode } from '../instance/virtual-network.js';
import type { Expectation, Figure } from './conformance.js';

const SEED = 0x1588;
const GRANDMASTER = 0x001b19fffe000001n;
const BOUNDARY = 0x001b19fffe000002n;
const SLAVE = 0x001b19fffe000003n;
/** Long enough for two Announces of 2 s and a timeout of them. */
const SETTLE_SECONDS = 20;
const MEASURE_SECONDS = 16;
/** At one Sync a second. */
const LOCK_SECONDS = 120;
const LINK_DELAY = scaledNs(1_000n << 16n);

interface Row {
  readonly network: VirtualNetwork;
  readonly grandmaster: VirtualNode;
  /** A slave where the profile has no boundary clocks. */
  readonly next: VirtualNode;
}

class Speaking {
  readonly #expected: Expectation;

  constructor(expected: Expectation) {
    this.#expected = expected;
  }

  get hasBoundary(): boolean {
    return this.#expected.without?.includes('boundary') !== true;
  }

  row(): Row {
    const network = new VirtualNetwork(SEED);
    const clockClass = this.#expected.grandmasterClasses[0] ?? 248;
    const ladder = { clockQuality: { clockClass } };
    const grandmaster = network.node('gm', this.#config(GRANDMASTER, 1, ladder));
    const asked = [{ address: grandmaster.addressOf(1), localPriority: 128 }];
    const next = this.hasBoundary
      ? network.node('bc', this.#config(BOUNDARY, 2, {}, asked), { ppm: 15, offsetNs: 77n })
      : network.node('slave', this.#config(BOUNDARY, 1, { slaveOnly: true }, asked), { ppm: 15 });
    network.link([grandmaster, 1], [next, 1]);
    const nodes: [VirtualNode, number][] = [
      [grandmaster, 1],
      [next, 1],
    ];
    if (this.hasBoundary) nodes.push(...this.#behind(network, next));
    for (const node of new Set(nodes.map(([each]) => each))) node.start();
    if (this.#expected.delayMechanisms[0] === 'p2p') nodes.forEach(linkMeasured);
    return { network, grandmaster, next };
  }

  /** Somebody who is served by the boundary clock. */
  #behind(network: VirtualNetwork, boundary: VirtualNode): [VirtualNode, number][] {
    const asked = [{ address: boundary.addressOf(2), localPriority: 128 }];
    const isKnown = this.#expected.without?.includes('slave') !== true;
    const choices = isKnown ? { slaveOnly: true } : { priority1: 255 };
    const slave = network.node('slave', this.#config(SLAVE, 1, choices, asked));
    network.link([boundary, 2], [slave, 1]);
    return [
      [boundary, 2],
      [slave, 1],
    ];
  }

  #config(
    clockIdentity: bigint,
    ports: number,
    instance: InstanceChoices,
    asked: readonly UnicastMaster[] = [],
  ): InstanceConfig {
    const isUnicast = this.#expected.messaging[0] === 'unicast';
    const result = resolveProfile({
      profile: this.#expected.profile,
      clockIdentity,
      timestampResolution: nanoseconds(1n),
      instance,
      ports: Array.from({ length: ports }, (_, index) => ({
        number: index + 1,
        unicastMasters: isUnicast && index === 0 ? asked : [],
      })),
    });
    if (!result.ok) throw new Error(result.errors.map(({ message }) => message).join('\n'));
    return result.value.config;
  }
}

function linkMeasured([node, port]: [VirtualNode, number]): void {
  node.feed({
    kind: 'linkDelay',
    port,
    meanLinkDelay: LINK_DELAY,
    neighborRate: ppb(0),
    asCapable: true,
  });
}

function sent(row: Row, from: VirtualNode, port: number): readonly PtpMessage[] {
  return row.network.frames
    .filter((frame) => frame.from === from && frame.port === port)
    .map(({ message }) => message);
}

function initial(figure: Figure): number {
  return typeof figure === 'number' ? figure : figure[0];
}

/** 7.7.2.1: the mean within 30 percent. */
function expectRate(messages: readonly PtpMessage[], kind: PtpMessage['kind'], log: number): void {
  const count = messages.filter((message) => message.kind === kind).length;
  const expected = MEASURE_SECONDS / 2 ** log;
  expect(count, kind).toBeGreaterThan(expected * 0.7);
  expect(count, kind).toBeLessThan(expected * 1.3 + 1);
}

export function speaks(expected: Expectation): void {
  const speaking = new Speaking(expected);
  const isUnicast = expected.messaging[0] === 'unicast';

  it('is spoken at its rates and in its domain', () => {
    const row = speaking.row();
    row.network.run(SETTLE_SECONDS);
    row.network.frames.length = 0;
    row.network.run(MEASURE_SECONDS);
    const messages = sent(row, row.grandmaster, 1);
    for (const each of speaking.hasBoundary ? [messages, sent(row, row.next, 2)] : [messages]) {
      expectRate(each, 'announce', initial(expected.announce));
      expectRate(each, 'sync', initial(expected.sync));
    }
    for (const { header, kind } of messages) {
      expect(header.domainNumber).toBe(initial(expected.domainNumber));
      expect(sdoIdOf(header)).toBe(expected.sdoId ?? 0);
      if (kind !== 'announce') continue;
      const told = logIntervalValue(header.logMessageInterval);
      expect(told).toBe(isUnicast ? 0x7f : initial(expected.announce));
    }
  });

  it('makes a clock follow and say so', () => {
    const row = speaking.row();
    row.network.run(SETTLE_SECONDS);
    expect(row.grandmaster.state(1)).toBe('master');
    expect(['slave', 'uncalibrated']).toContain(row.next.state(1));
    expect(row.next.status.parentDS.grandmasterIdentity).toBe(GRANDMASTER);
    if (!speaking.hasBoundary) return;
    expect(row.next.state(2)).toBe('master');
    const announce = sent(row, row.next, 2).findLast((message) => message.kind === 'announce');
    expect(announce).toMatchObject({
      stepsRemoved: 1,
      grandmasterClockClass: expected.grandmasterClasses[0],
      grandmasterPriority1: initial(expected.priority1 ?? 128),
      grandmasterPriority2: initial(expected.priority2 ?? 128),
    });
    const tlvs = announce?.tlvs ?? [];
    const traces = expected.tlvs.includes('pathTrace');
    expect(findTlv(tlvs, 'pathTrace')?.path).toEqual(traces ? [GRANDMASTER, BOUNDARY] : undefined);
    for (const kind of ['power2011', 'power2017', 'alternateTimeOffset'] as const) {
      expect(findTlv(tlvs, kind) !== undefined, kind).toBe(expected.tlvs.includes(kind));
    }
    const followUp = sent(row, row.next, 2).findLast((message) => message.kind === 'followUp');
    expect(findTlv(followUp?.tlvs ?? [], 'followUpInformation') !== undefined).toBe(
      expected.tlvs.includes('followUpInformation'),
    );
  });

  if (expected.without?.includes('boundary') === true) return;

  it('says what its clock is worth when the grandmaster dies', () => {
    const row = speaking.row();
    const isLocked = () => row.next.status.servo.state === 'LOCKED';
    expect(row.network.runUntil(isLocked, LOCK_SECONDS, 2)).not.toBeNull();
    row.grandmaster.isDead = true;
    const classes = (seconds: number): ReadonlySet<number> => {
      row.network.frames.length = 0;
      row.network.run(seconds);
      const told = sent(row, row.next, 2).flatMap((message) =>
        message.kind === 'announce' && message.grandmasterIdentity === BOUNDARY
          ? [message.grandmasterClockClass]
          : [],
      );
      return new Set(told);
    };
    const [, within, beyond] = expected.ladder;
    expect(row.next.status.defaultDS.clockQuality.clockClass).toBe(expected.ladder[0]);
    const early = classes(9);
    expect(early.size).toBeGreaterThan(0);
    for (const clockClass of early) expect([within, beyond]).toContain(clockClass);
    classes(5);
    expect(classes(20)).toEqual(new Set([beyond]));
  });
}
