/**
 * Whole exchanges through two ports: every message × mode × step × transport. What must leave is
 * built from its parts, message by message; reference-clock/ says the same by parsing what came in.
 * The two must agree, and whoever disagrees with both is wrong.
 */
import { type VlanTag, hex } from '#lab/bench/frames';
import type { PtpMode, TimingPlan } from '#lab/bench/ptp-plan';
import { Random } from '#lab/bench/random';
import type { SwitchPlan } from '#lab/bench/switch-state';
import { TAGGED_VID } from './generate.js';
import {
  CLIENT,
  MASTER,
  type Message,
  NS,
  STATION_A,
  STATION_B,
  TWO_STEP,
  UNICAST,
  type Way,
  delayReq,
  delayResp,
  followUp,
  frameOf,
  pdelayReq,
  pdelayResp,
  pdelayRespFollowUp,
  sync,
} from './messages.js';
import { ReferenceClock } from './reference-clock/clock.js';
import { VECTOR_PLAN } from './virtual-switch.js';

export const EXCHANGES_SEED = 0x1588_0003;

export interface ExchangeStep {
  readonly port: number;
  readonly rxNs: string;
  /** When whatever leaves for it leaves. */
  readonly txNs: string;
  readonly in: string;
  /** `port:frame`, in the order in which they leave. */
  readonly out: readonly string[];
}

export interface ExchangeVector {
  readonly name: string;
  /** Of ports 1 and 2. */
  readonly modes: readonly [PtpMode, PtpMode];
  /** Which of the two messages leave two-step by. */
  readonly twoStep: readonly number[];
  readonly steps: readonly ExchangeStep[];
}

/** All signs and sizes differ, so that no two of them can stand in for each other. */
export const TIMING: readonly [TimingPlan, TimingPlan] = [
  {
    port: 1,
    ingressLatency: 20n * NS + 0x8000n,
    egressLatency: 3n,
    asymmetry: 300n * NS + 7n,
    residenceLimitNs: 0n,
    meanLinkDelay: 700n * NS + 0x1111n,
  },
  {
    port: 2,
    ingressLatency: -5n * NS,
    egressLatency: 40n * NS + 1n,
    asymmetry: -(1000n * NS) - 3n,
    residenceLimitNs: 0n,
    meanLinkDelay: 90n * NS,
  },
];

export function exchangePlan(
  modes: readonly [PtpMode, PtpMode],
  twoStepPorts: readonly number[],
): SwitchPlan {
  const portModes = new Map(modes.map((mode, index) => [index + 1, mode]));
  return { ...VECTOR_PLAN, portModes, twoStepPorts, timing: TIMING };
}

const P2P = 3;
const MODES: readonly (readonly [PtpMode, PtpMode])[] = [
  [1, 1],
  [1, P2P],
  [P2P, 1],
  [P2P, P2P],
];
const STEPS: readonly (readonly number[])[] = [[], [1], [2], [1, 2]];

const C: VlanTag = { tpid: 0x8100, vid: TAGGED_VID, pcp: 6 };
const S: VlanTag = { tpid: 0x88a8, vid: TAGGED_VID, pcp: 5 };
const INNER: VlanTag = { tpid: 0x8100, vid: 20, pcp: 3 };
const TAGS: readonly (readonly [string, readonly VlanTag[]])[] = [
  ['untagged', []],
  ['8100', [C]],
  ['88a8', [S]],
  ['8100+8100', [C, INNER]],
  ['88a8+8100', [S, INNER]],
];
const WAYS: readonly (readonly [string, Partial<Way>])[] = [
  ['l2', { transport: 'l2' }],
  ['ipv4 without checksum', { transport: 'ipv4', checksum: 'zero' }],
  ['ipv4', { transport: 'ipv4' }],
  ['ipv6', { transport: 'ipv6' }],
  ['ipv6 and two octets', { transport: 'ipv6', trailer: new Uint8Array(2) }],
];

/** What one message of an exchange becomes. Built by its writer, not found by parsing. */
interface Spoken {
  readonly port: number;
  readonly says: Message;
  /** Of a message that leaves by the other port after a stay; scaled nanoseconds. */
  readonly leaves: (stay: Stay) => readonly Message[];
}

/** All that a correction adds on the way from one port to the other. */
interface Stay {
  /** Residence and the ports' part in it, for each kind of message. */
  readonly ofSync: bigint;
  readonly ofDelayReq: bigint;
  readonly ofPdelayReq: bigint;
  readonly ofPdelayResp: bigint;
}

interface Setting {
  readonly modes: readonly [PtpMode, PtpMode];
  readonly twoStep: readonly number[];
  readonly unicast: boolean;
}

const FLAG = TWO_STEP;

function stayBetween(setting: Setting, from: number, to: number, residenceNs: bigint): Stay {
  const into = TIMING[from - 1] ?? TIMING[0];
  const out = TIMING[to - 1] ?? TIMING[1];
  const always = residenceNs * NS + into.ingressLatency + out.egressLatency;
  const link = setting.modes[from - 1] === P2P ? (into.meanLinkDelay ?? 0n) : 0n;
  return {
    ofSync: always + into.asymmetry + link,
    ofDelayReq: always - out.asymmetry,
    ofPdelayReq: always - out.asymmetry,
    ofPdelayResp: always + into.asymmetry,
  };
}

const withMore = (one: Message, more: bigint): Message => ({
  ...one,
  correctionField: one.correctionField + more,
});

/** 10.2.2.1 and 9.5.10: a Sync from port 1, one-step or two-step, and its Follow_Up. */
function syncExchange(setting: Setting, base: Partial<Message>, flagged: boolean): Spoken[] {
  const isTwoStep = setting.twoStep.includes(2);
  const flags = (base.flags ?? 0) | (flagged ? FLAG : 0);
  const one = sync({ ...base, flags });
  const after = followUp({ ...base, correctionField: 99n * NS + 5n });
  let kept = 0n;
  const first: Spoken = {
    port: 1,
    says: one,
    leaves: ({ ofSync }) => {
      kept = ofSync;
      if (!isTwoStep) return [withMore(one, ofSync)];
      if (flagged) return [one];
      const made = followUp({ ...base, correctionField: ofSync });
      return [{ ...one, flags: flags | FLAG }, made];
    },
  };
  const second: Spoken = {
    port: 1,
    says: after,
    leaves: () => [isTwoStep ? withMore(after, kept) : after],
  };
  return flagged ? [first, second] : [first];
}

/** 10.2.2.2: a Delay_Req from port 2, answered through port 1. */
function delayExchange(setting: Setting, base: Partial<Message>): Spoken[] {
  if (setting.modes.includes(P2P)) {
    return [
      { port: 2, says: delayReq({ ...base, source: CLIENT }), leaves: () => [] },
      { port: 1, says: delayResp(base), leaves: () => [] },
    ];
  }
  const isTwoStep = setting.twoStep.includes(1);
  const ask = delayReq({ ...base, source: CLIENT });
  const answer = delayResp({ ...base, correctionField: 7n });
  let kept = 0n;
  return [
    {
      port: 2,
      says: ask,
      leaves: ({ ofDelayReq }) => {
        kept = ofDelayReq;
        return [isTwoStep ? ask : withMore(ask, ofDelayReq)];
      },
    },
    { port: 1, says: answer, leaves: () => [isTwoStep ? withMore(answer, kept) : answer] },
  ];
}

/** 10.2.2.3: Pdelay_Req from port 2, the answers through port 1, all four step combinations. */
function pdelayExchange(setting: Setting, base: Partial<Message>, flagged: boolean): Spoken[] {
  const flags = (base.flags ?? 0) | (flagged ? FLAG : 0);
  const ask = pdelayReq({ ...base, source: CLIENT });
  const answer = pdelayResp({ ...base, flags, correctionField: 3n });
  const after = pdelayRespFollowUp({ ...base, correctionField: -8n * NS });
  if (setting.modes.includes(P2P)) {
    const all = flagged ? [answer, after] : [answer];
    const dropped = all.map((says): Spoken => ({ port: 1, says, leaves: () => [] }));
    return [{ port: 2, says: ask, leaves: () => [] }, ...dropped];
  }
  const asksTwoStep = setting.twoStep.includes(1);
  const answersTwoStep = setting.twoStep.includes(2);
  let kept = 0n;
  let keptAnswer = 0n;
  const first: Spoken = {
    port: 2,
    says: ask,
    leaves: ({ ofPdelayReq }) => {
      kept = asksTwoStep ? ofPdelayReq : 0n;
      return [asksTwoStep ? ask : withMore(ask, ofPdelayReq)];
    },
  };
  const second: Spoken = {
    port: 1,
    says: answer,
    leaves: ({ ofPdelayResp }) => {
      keptAnswer = ofPdelayResp;
      const owed = withMore(answer, kept);
      if (!answersTwoStep) return [withMore(owed, ofPdelayResp)];
      if (flagged) return [owed];
      const made = pdelayRespFollowUp({ ...base, correctionField: ofPdelayResp });
      return [{ ...owed, flags: flags | FLAG }, made];
    },
  };
  const third: Spoken = {
    port: 1,
    says: after,
    leaves: () => [answersTwoStep ? withMore(after, keptAnswer) : after],
  };
  return flagged ? [first, second, third] : [first, second];
}

type Exchange = (setting: Setting, base: Partial<Message>) => Spoken[];
const EXCHANGES: readonly (readonly [string, Exchange])[] = [
  ['one-step Sync', (setting, base) => syncExchange(setting, base, false)],
  ['two-step Sync', (setting, base) => syncExchange(setting, base, true)],
  ['Delay_Req', delayExchange],
  ['peer delay, one-step', (setting, base) => pdelayExchange(setting, base, false)],
  ['peer delay, two-step', (setting, base) => pdelayExchange(setting, base, true)],
];

const START_NS = 5_000_000_000n;
const APART_NS = 10_000_000n;

/** Plays what is spoken, a step every 10 ms, and finds both references of one mind. */
function play(
  name: string,
  setting: Setting,
  way: Partial<Way>,
  spoken: readonly Spoken[],
  random: Random,
): ExchangeVector {
  const clock = new ReferenceClock(exchangePlan(setting.modes, setting.twoStep), 1n);
  const steps = spoken.map(({ port, says, leaves }, index): ExchangeStep => {
    const to = 3 - port;
    const rxNs = START_NS + BigInt(index) * APART_NS;
    // Whole microseconds: exact for a microsecond clock too.
    const residenceNs = BigInt(1 + random.next(9000)) * 1000n;
    const from = port === 1 ? STATION_A : STATION_B;
    const travels = {
      ...way,
      unicast: setting.unicast,
      from,
      to: port === 1 ? STATION_B : STATION_A,
    };
    const octets = frameOf(says, travels);
    const stay = stayBetween(setting, port, to, residenceNs);
    const out = leaves(stay).map((one) => `${to}:${hex(frameOf(one, travels))}`);
    const parsed = clock.receive(port, octets, rxNs, rxNs + residenceNs);
    const said = parsed.map((left) => `${left.port}:${hex(left.frame)}`);
    if (said.join() !== out.join()) {
      throw new Error(
        `the two references disagree on ${name}, step ${index}:\n${said.join('\n')}\n${out.join('\n')}`,
      );
    }
    return { port, rxNs: String(rxNs), txNs: String(rxNs + residenceNs), in: hex(octets), out };
  });
  return { name, modes: setting.modes, twoStep: setting.twoStep, steps };
}

const MODE_NAMES: Readonly<Record<number, string>> = { 1: 'E2E', 3: 'P2P' };

function settingName({ modes, twoStep, unicast }: Setting): string {
  const ports = modes.map((mode, index) => {
    const step = twoStep.includes(index + 1) ? 'two-step' : 'one-step';
    return `${MODE_NAMES[mode] ?? ''} ${step}`;
  });
  return `${ports.join(' | ')} ${unicast ? 'unicast' : 'multicast'}`;
}

/** Every exchange × modes × steps × transport × multicast and unicast; tags take turns. */
export function exchangeVectors(): ExchangeVector[] {
  const random = new Random(EXCHANGES_SEED);
  const out: ExchangeVector[] = [];
  for (const [exchangeName, exchange] of EXCHANGES) {
    for (const modes of MODES) {
      for (const twoStep of STEPS) {
        for (const [wayName, way] of WAYS) {
          for (const unicast of [false, true]) {
            const [tagName, tags] = TAGS[random.next(TAGS.length)] ?? ['untagged', []];
            const setting = { modes, twoStep, unicast };
            const base: Partial<Message> = {
              source: MASTER,
              sequenceId: random.next(65536),
              domain: random.next(256),
              sdoId: random.next(4096),
              flags: unicast ? UNICAST : 0,
              timestamp: { seconds: BigInt(random.next(1 << 30)), nanoseconds: random.next(1e9) },
            };
            const name = `${exchangeName}: ${settingName(setting)}, ${wayName}, ${tagName}`;
            const spoken = exchange(setting, base);
            out.push(play(name, setting, { ...way, tags }, spoken, random));
          }
        }
      }
    }
  }
  return out;
}
