/** Where every frame of a storm went, by the counters of link, switch and P4 program. Pure. */
import type { AgentStatus, SwitchStatus } from './switch-under-load.js';

/** What the counters said at one time. */
export interface Counted {
  /** Of the interface that the storm is sent by. */
  readonly link: { readonly sent: number; readonly dropped: number };
  readonly switchStatus: SwitchStatus;
  readonly agentStatus: AgentStatus;
}

export interface StormPorts {
  readonly storm: number;
  /** The others, and how many frames of somebody else were forwarded to each meanwhile. */
  readonly others: readonly { readonly port: number; readonly ownFrames: number }[];
  /** How event messages leave by the others. */
  readonly step: 'one' | 'two';
}

export interface Account {
  readonly what: string;
  readonly frames: number;
}

export interface Explanation {
  /** On the way in: these add up to what was sent. */
  readonly arrival: readonly Account[];
  /** What came in: these add up to it, but for `other`, which is what no counter of PTP names. */
  readonly kinds: readonly Account[];
  /** What became of what came in; forwarded frames become a copy for each other port. */
  readonly fate: readonly Account[];
  /** Follow_Ups that the switch made on the other ports: these leave beside the copies. */
  readonly generated: number;
  /** What became of the copies, and of what was made. */
  readonly copies: readonly Account[];
  /** Frames and copies that no counter explains; negative where counters tell of too many. */
  readonly unexplained: {
    readonly arrival: number;
    readonly kinds: number;
    readonly copies: number;
  };
}

type Numbers = Readonly<Record<string, number>>;

function difference(after: Numbers, before: Numbers): Record<string, number> {
  return Object.fromEntries(
    Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]),
  );
}

const sum = (accounts: readonly Account[]): number =>
  accounts.reduce((total, { frames }) => total + frames, 0);

const notZero = (accounts: readonly Account[]): Account[] =>
  accounts.filter(({ frames }) => frames !== 0);

const accounts = (numbers: Numbers, name: (key: string) => string): Account[] =>
  notZero(Object.entries(numbers).map(([key, frames]) => ({ what: name(key), frames })));

function portOf<T extends { readonly number: number }>(ports: readonly T[], number: number): T {
  const port = ports.find((one) => one.number === number);
  if (port === undefined) throw new Error(`no port ${number}`);
  return port;
}

/** A port's messages by type, of one of the things that are counted of each. */
function messages(counted: Counted, port: number, key: string): Record<string, number> {
  const all = portOf(counted.agentStatus.ports, port).messages;
  return Object.fromEntries(Object.entries(all).map(([type, of]) => [type, of[key] ?? 0]));
}

function received(before: Counted, after: Counted, port: number): Account[] {
  const [from, to] = [before, after].map((one) => portOf(one.agentStatus.ports, port));
  if (from === undefined || to === undefined) return [];
  return [
    ...accounts(
      difference(messages(after, port, 'received'), messages(before, port, 'received')),
      (type) => type,
    ),
    ...accounts(difference(to.malformed, from.malformed), (reason) => `malformed: ${reason}`),
    ...notZero([{ what: 'version 1', frames: to.version1 - from.version1 }]),
  ];
}

/** Losses at an egress port that the engine counts. */
const EGRESS_LOSSES = ['txQueueFull', 'txErrors', 'txCorrectionLost', 'txWaitsLost'] as const;
/** Losses between ports that a storm may cause. */
const ENGINE_LOSSES = ['droppedNoBuffer', 'droppedNoGroup', 'droppedNoPort'] as const;

/** Of a two-step port it counts what follows a message, when this has left long ago. */
const COUNTS_NO_COPY = 'residenceTooLong';

function copiesOf(before: Counted, after: Counted, { others, step }: StormPorts): Account[] {
  const engine = difference(after.switchStatus.drops, before.switchStatus.drops);
  return notZero([
    ...others.flatMap(({ port, ownFrames }) => {
      const [from, to] = [before, after].map((one) => portOf(one.switchStatus.ports, port));
      const counters = difference(to?.counters ?? {}, from?.counters ?? {});
      const [dropsBefore, dropsAfter] = [before, after].map(
        (one) => portOf(one.agentStatus.ports, port).drops['egress'] ?? {},
      );
      return [
        { what: `left by port ${port}`, frames: (counters['txFrames'] ?? 0) - ownFrames },
        ...accounts(
          difference(dropsAfter ?? {}, dropsBefore ?? {}),
          (reason) => `dropped at port ${port}: ${reason}`,
        ).filter(({ what }) => step === 'one' || !what.endsWith(COUNTS_NO_COPY)),
        ...EGRESS_LOSSES.map((name) => ({
          what: `lost at port ${port}: ${name}`,
          frames: counters[name] ?? 0,
        })),
      ];
    }),
    ...ENGINE_LOSSES.map((name) => ({
      what: `lost in the switch: ${name}`,
      frames: engine[name] ?? 0,
    })),
  ]);
}

function generatedOn(before: Counted, after: Counted, { others }: StormPorts): number {
  const generated = (counted: Counted, port: number): number =>
    portOf(counted.agentStatus.ports, port).twoStep['generated'] ?? 0;
  return others.reduce(
    (all, { port }) => all + generated(after, port) - generated(before, port),
    0,
  );
}

/**
 * Explains a storm of `sent` frames. `plain` says whether some of them are no PTP, which the P4
 * program counts nowhere as they come in.
 */
export function explainStorm(
  before: Counted,
  after: Counted,
  ports: StormPorts,
  sent: number,
  plain: boolean,
): Explanation {
  const [from, to] = [before, after].map((one) => portOf(one.switchStatus.ports, ports.storm));
  const counters = difference(to?.counters ?? {}, from?.counters ?? {});
  const cameIn = counters['rxFrames'] ?? 0;
  const link = difference(after.link, before.link);
  const arrival = notZero([
    { what: 'came in', frames: cameIn },
    { what: 'the ring was full', frames: counters['rxKernelDrops'] ?? 0 },
    { what: 'lost on the link', frames: link['dropped'] ?? 0 },
  ]);
  const kinds = received(before, after, ports.storm);
  const other = cameIn - sum(kinds);
  const [dropsBefore, dropsAfter] = [before, after].map(
    (one) => portOf(one.agentStatus.ports, ports.storm).drops['ingress'] ?? {},
  );
  const taken = [
    ...accounts(difference(dropsAfter ?? {}, dropsBefore ?? {}), (reason) => `dropped: ${reason}`),
    ...accounts(
      difference(
        messages(after, ports.storm, 'answered'),
        messages(before, ports.storm, 'answered'),
      ),
      (type) => `answered: ${type}`,
    ),
  ];
  const forwarded = cameIn - sum(taken);
  const generated = generatedOn(before, after, ports);
  const copies = copiesOf(before, after, ports);
  return {
    arrival,
    kinds: [...kinds, ...notZero([{ what: 'other', frames: other }])],
    fate: [...taken, ...notZero([{ what: 'forwarded', frames: forwarded }])],
    generated,
    copies,
    unexplained: {
      arrival: sent - sum(arrival),
      kinds: plain ? 0 : other,
      copies: forwarded * ports.others.length + generated - sum(copies),
    },
  };
}

export function isExplained({ unexplained }: Explanation): boolean {
  return Object.values(unexplained).every((frames) => frames === 0);
}
