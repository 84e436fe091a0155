/** What the specification says, as checks that any P4Runtime server can be put to. */
import type { Answer, Controller } from '../conversation.js';
import { failure } from './deviation.js';
import type { Request } from './program.js';

/** A server with nothing set and nobody connected. */
export interface Bench {
  /** A controller that has not said anything yet; all are hung up at the end. */
  readonly controller: (electionId?: bigint) => Controller;
  /** The primary of the default role, with programs/conformance.p4 committed. */
  readonly ready: (electionId?: bigint) => Controller | Promise<Controller>;
  /** Sends a frame as a packet-out, and gives the answers in the packet-ins that come of it. */
  readonly asks: (controller: Controller, request: Request, replies?: number) => Promise<number[]>;
}

/** One sentence of the specification. `section` and `title` are those of its heading. */
export interface Clause {
  readonly section: string;
  readonly title: string;
  readonly says: string;
  readonly check: (bench: Bench) => Promise<void>;
}

type Part = readonly [says: string, check: Clause['check']];

/** The clauses of one section. */
export function section(number: string, title: string, ...parts: readonly Part[]): Clause[] {
  return parts.map(([says, check]) => ({ section: number, title, says, check }));
}

export const titleOf = ({ section: number, title, says }: Clause): string =>
  `${number} ${title}: ${says}`;

const text = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'bigint'
      ? String(part)
      : part instanceof Uint8Array
        ? Buffer.from(part).toString('hex')
        : part,
  ) ?? 'nothing';

/** `what` is what the server was asked, for the table of deviations. */
export function same(what: string, actual: unknown, expected: unknown): void {
  if (text(actual) === text(expected)) return;
  throw failure(`${what}: ${text(actual)}, not ${text(expected)}`);
}

export function holds(what: string, isSo: boolean): void {
  if (!isSo) throw failure(what);
}

/** The answer of a request with one item. */
export function single(answer: Answer): string {
  return Array.isArray(answer) ? (answer[0] ?? '?') : answer;
}

/** Expects this status of a request, or of its one item. */
export async function answers(
  what: string,
  asked: Promise<Answer>,
  expected: string,
): Promise<void> {
  same(what, single(await asked), expected);
}
