/** Digests of the running pipeline on their way to the primary clients. */
import { create } from '@bufbuild/protobuf';
import type { DigestList } from '#protos/p4/v1/p4runtime_pb';
import { DigestListSchema } from '#protos/p4/v1/p4runtime_pb';
import type { DigestListAck } from '#protos/p4/v1/p4runtime_pb';
import type { DigestListOut } from './digest-lists.js';
import { DigestLists } from './digest-lists.js';
import type { Outcome } from '../errors.js';
import { DONE, invalid } from '../errors.js';
import type { DigestProgram } from '../program/program.js';
import type { ForwardingState } from '../state/state.js';

export interface DigestClock {
  /** Steady, ns: for timeouts. */
  readonly steadyNs: () => bigint;
  /** Since the Unix epoch, ns: for DigestList.timestamp. */
  readonly wallNs: () => bigint;
  /** Calls back after `delayMs`; returns how to cancel. */
  readonly after: (delayMs: number, callback: () => void) => () => void;
}

export type SendDigest = (list: DigestList, octets: number) => void;

const MAX_DELAY_MS = 60_000;
const OCTETS_PER_WORD = 16;

/** Collects the dataplane's digests of one pipeline. */
export class Digests {
  readonly #clock: DigestClock;
  readonly #send: SendDigest;
  #state: ForwardingState | null = null;
  readonly #lists = new Map<number, DigestLists>();
  #cancelTimer: (() => void) | null = null;
  #armedForNs = 0n;
  /** Messages of a digest that no client has enabled, or while there was no primary. */
  unwanted = 0;

  constructor(clock: DigestClock, send: SendDigest) {
    this.#clock = clock;
    this.#send = send;
  }

  /** Another pipeline runs now; what its predecessor left is forgotten. */
  setState(state: ForwardingState | null): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#lists.clear();
  }

  /** The primary changed: nothing of what waits or was sent is of use. */
  clear(): void {
    for (const lists of this.#lists.values()) lists.clear();
  }

  /** A digest from the engine. */
  receive(index: number, words: BigUint64Array, wanted: boolean): void {
    const digest = this.#state?.program.digestsByIndex.get(index);
    const config = digest === undefined ? undefined : this.#state?.digests.get(digest.id);
    if (digest === undefined || config === undefined || !wanted) {
      this.unwanted += 1;
      return;
    }
    const lists = this.#listsOf(digest.id);
    const list = lists.offer(words, config, this.#clock.steadyNs());
    if (list === null) this.#arm();
    else this.#sendList(digest, list);
  }

  acknowledge(ack: DigestListAck): Outcome<void> {
    if (this.#state?.program.digests.has(ack.digestId) !== true) {
      return invalid(`no digest has the id ${ack.digestId}`);
    }
    this.#lists.get(ack.digestId)?.acknowledge(ack.listId);
    return DONE;
  }

  close(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = null;
  }

  #listsOf(id: number): DigestLists {
    const existing = this.#lists.get(id);
    if (existing !== undefined) return existing;
    const created = new DigestLists();
    this.#lists.set(id, created);
    return created;
  }

  /** Sets the timer for the earliest deadline, unless it is set for that or earlier. */
  #arm(): void {
    let earliest: bigint | null = null;
    for (const [id, lists] of this.#lists) {
      const config = this.#state?.digests.get(id);
      if (config === undefined) continue;
      const deadline = lists.deadlineNs(config);
      if (deadline !== null && (earliest === null || deadline < earliest)) earliest = deadline;
    }
    if (earliest === null) return;
    if (this.#cancelTimer !== null && this.#armedForNs <= earliest) return;
    this.#cancelTimer?.();
    this.#armedForNs = earliest;
    const waitNs = earliest - this.#clock.steadyNs();
    const waitMs = Number((waitNs + 999_999n) / 1_000_000n);
    const delayMs = Math.min(Math.max(waitMs, 0), MAX_DELAY_MS);
    this.#cancelTimer = this.#clock.after(delayMs, () => {
      this.#cancelTimer = null;
      this.#expire();
    });
  }

  #expire(): void {
    for (const [id, lists] of this.#lists) {
      const config = this.#state?.digests.get(id);
      const digest = this.#state?.program.digests.get(id);
      if (config === undefined || digest === undefined) {
        lists.clear();
        continue;
      }
      const list = lists.expire(config, this.#clock.steadyNs());
      if (list !== null) this.#sendList(digest, list);
    }
    this.#arm();
  }

  #sendList(digest: DigestProgram, { listId, messages }: DigestListOut): void {
    const list = create(DigestListSchema, {
      digestId: digest.id,
      listId,
      data: messages.map((words) => digest.read(words)),
      timestamp: this.#clock.wallNs(),
    });
    this.#send(list, messages.length * digest.layout.words * OCTETS_PER_WORD);
  }
}
