/**
 * The residence ledger: messages that the dataplane sampled, with their times and corrections. What
 * was added to a correctionField is held against the time that the message spent in the switch.
 */
import { LEDGER_DIGEST } from '#dataplane/program';
import { decodeDigest } from '#p4rt/decode';
import type { P4InfoIndex } from '#p4rt/p4info';
import type { DigestList } from '#protos/p4/v1/p4runtime_pb';
import type { CorrectedMessage } from './correction-terms.js';
import { dataplaneTime, elapsedDataplane, nsOf, type Instant } from '#units/time';
import { percentile } from '../../statistics/samples.js';
import { TokenBucket } from './token-bucket.js';

/** One sampled message as it left by one port. JSON, so 64-bit numbers are texts. */
export interface LedgerRecord {
  readonly ingressPort: number;
  readonly egressPort: number;
  readonly messageType: number;
  /** `001122fffe334455-1`. */
  readonly sourcePortIdentity: string;
  readonly sequenceId: number;
  readonly domainNumber: number;
  readonly sdoId: number;
  readonly receiveTimeNs: string;
  readonly transmitTimeNs: string;
  /** Transmit less receive time. */
  readonly residenceNs: number;
  /** With their fractions. */
  readonly correctionBeforeNs: number;
  readonly correctionAfterNs: number;
  /** What the ports, the link and the grandmaster's rate have to add to residence, as written now. */
  readonly termsNs: number;
  /** Residence and terms, less what was added. */
  readonly errorNs: number;
}

/** Of all records since the start, but for the percentiles, which are of those in the ring. */
export interface LedgerErrors {
  readonly count: number;
  readonly meanNs: number | null;
  readonly rmsNs: number | null;
  readonly maxAbsNs: number | null;
  readonly p50AbsNs: number | null;
  readonly p99AbsNs: number | null;
}

export interface LedgerStatus {
  readonly received: number;
  readonly undecodable: number;
  /** Records that came faster than this agent wants to read them. */
  readonly leftOut: number;
  /** Records that gave way to newer ones. */
  readonly overwritten: number;
  readonly errors: LedgerErrors;
  /** Newest first. */
  readonly records: readonly LedgerRecord[];
}

/** In 2^-16 ns. */
export type TermsOf = (message: CorrectedMessage, residenceNs: number) => bigint;

const CAPACITY = 256;
/** Peer delay and management come by the same thread, and cannot wait for samples. */
const READING_RATE = { perSecond: 1_024, burst: 1_024 } as const;
const SCALE = 2 ** 16;

export class Ledger {
  readonly #index: P4InfoIndex;
  readonly #digestId: number | null;
  readonly #termsOf: TermsOf;
  /** Oldest at `#next` once it is full. */
  readonly #ring: LedgerRecord[] = [];
  #next = 0;
  readonly #now: () => Instant;
  readonly #readable: TokenBucket;
  #received = 0;
  #undecodable = 0;
  #leftOut = 0;
  #errors = { count: 0, sum: 0, squares: 0, maxAbs: 0 };

  constructor(index: P4InfoIndex, termsOf: TermsOf, now: () => Instant) {
    this.#index = index;
    this.#now = now;
    this.#readable = new TokenBucket(READING_RATE.perSecond, READING_RATE.burst, now());
    this.#termsOf = termsOf;
    const digest = index.digests.byName(LEDGER_DIGEST);
    this.#digestId = digest.ok ? digest.value.id : null;
  }

  /** Takes a list of records. False: it is another digest's. */
  heard(list: DigestList): boolean {
    if (list.digestId !== this.#digestId) return false;
    const now = this.#now();
    for (const data of list.data) {
      if (!this.#readable.take(now)) {
        this.#leftOut += 1;
        continue;
      }
      const decoded = decodeDigest(this.#index, list.digestId, data);
      const record = decoded.ok ? recordOf(decoded.value, this.#termsOf) : null;
      if (record === null) this.#undecodable += 1;
      else this.#add(record);
    }
    return true;
  }

  #add(record: LedgerRecord): void {
    this.#received += 1;
    this.#ring[this.#next] = record;
    this.#next = (this.#next + 1) % CAPACITY;
    const abs = Math.abs(record.errorNs);
    this.#errors.count += 1;
    this.#errors.sum += record.errorNs;
    this.#errors.squares += record.errorNs ** 2;
    this.#errors.maxAbs = Math.max(this.#errors.maxAbs, abs);
  }

  status(): LedgerStatus {
    const older = this.#ring.slice(this.#next);
    const records = [...older, ...this.#ring.slice(0, this.#next)].reverse();
    return {
      received: this.#received,
      undecodable: this.#undecodable,
      leftOut: this.#leftOut,
      overwritten: this.#received - this.#ring.length,
      errors: this.#errorSummary(records),
      records,
    };
  }

  #errorSummary(records: readonly LedgerRecord[]): LedgerErrors {
    const { count, sum, squares, maxAbs } = this.#errors;
    const sorted = records.map(({ errorNs }) => Math.abs(errorNs)).sort((a, b) => a - b);
    return {
      count,
      meanNs: count === 0 ? null : sum / count,
      rmsNs: count === 0 ? null : Math.sqrt(squares / count),
      maxAbsNs: count === 0 ? null : maxAbs,
      p50AbsNs: sorted.length === 0 ? null : percentile(sorted, 0.5),
      p99AbsNs: sorted.length === 0 ? null : percentile(sorted, 0.99),
    };
  }
}

function recordOf(
  members: Readonly<Record<string, bigint>>,
  termsOf: TermsOf,
): LedgerRecord | null {
  const value = (name: string): bigint => members[name] ?? 0n;
  const expected = ['receive_time_ns', 'transmit_time_ns', 'correction_before', 'correction_after'];
  if (expected.some((name) => members[name] === undefined)) return null;
  const receive = dataplaneTime(value('receive_time_ns'));
  const transmit = dataplaneTime(value('transmit_time_ns'));
  const residence = nsOf(elapsedDataplane(receive, transmit));
  const before = BigInt.asIntN(64, value('correction_before'));
  const after = BigInt.asIntN(64, value('correction_after'));
  const clock = value('source_clock_identity').toString(16).padStart(16, '0');
  const message = {
    ingressPort: Number(value('ingress_port')),
    egressPort: Number(value('egress_port')),
    messageType: Number(value('message_type')),
    domainNumber: Number(value('domain_number')),
    sdoId: Number(value('sdo_id')),
  };
  const terms = termsOf(message, Number(residence));
  return {
    ...message,
    sourcePortIdentity: `${clock}-${value('source_port_number')}`,
    sequenceId: Number(value('sequence_id')),
    receiveTimeNs: String(value('receive_time_ns')),
    transmitTimeNs: String(value('transmit_time_ns')),
    residenceNs: Number(residence),
    correctionBeforeNs: Number(before) / SCALE,
    correctionAfterNs: Number(after) / SCALE,
    termsNs: Number(terms) / SCALE,
    errorNs: Number((residence << 16n) + terms - (after - before)) / SCALE,
  };
}
