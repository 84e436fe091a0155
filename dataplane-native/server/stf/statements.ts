/** What a test in STF, p4c's "simple test framework", can say. Names are as written; values are text
 * until the table that they are for says what they mean. */

/** The line that a statement starts at, from 1. */
interface At {
  readonly line: number;
}

export interface StfMatch {
  readonly name: string;
  readonly value: string;
}

export interface StfAction {
  readonly name: string;
  readonly args: readonly { readonly name: string; readonly value: bigint }[];
}

export type CountKind = 'packets' | 'bytes';
export type Comparison = '==' | '!=' | '<' | '<=' | '>' | '>=';

/** In units a second, and units. */
export interface StfRates {
  readonly committed: { readonly rate: bigint; readonly burst: bigint };
  readonly peak: { readonly rate: bigint; readonly burst: bigint };
}

export type StfStatement = At &
  (
    | {
        readonly kind: 'add';
        readonly table: string;
        readonly priority: number | null;
        readonly matches: readonly StfMatch[];
        readonly action: StfAction;
        /** What `check_counter` calls the entry. */
        readonly label: string | null;
      }
    | { readonly kind: 'setDefault'; readonly table: string; readonly action: StfAction }
    | { readonly kind: 'removeAll' }
    | { readonly kind: 'packet'; readonly port: number; readonly octets: Uint8Array }
    | {
        readonly kind: 'expect';
        readonly port: number;
        /** Hexadecimal digits in lower case, `*` for any; null: any frame at all. */
        readonly digits: string | null;
        /** The frame ends with the digits. */
        readonly isExact: boolean;
      }
    | { readonly kind: 'noPacket' }
    | { readonly kind: 'wait' }
    | {
        readonly kind: 'checkCounter';
        readonly counter: string;
        /** A cell, or the label of an entry. */
        readonly index: bigint | string;
        readonly what: CountKind;
        readonly comparison: Comparison;
        readonly value: bigint;
      }
    | {
        /** One more member. */
        readonly kind: 'valueSet';
        readonly name: string;
        readonly matches: readonly StfMatch[];
      }
    | { readonly kind: 'groupCreate'; readonly group: number }
    | { readonly kind: 'nodeCreate'; readonly instance: number; readonly ports: readonly number[] }
    | { readonly kind: 'nodeUpdate'; readonly node: number; readonly ports: readonly number[] }
    | { readonly kind: 'nodeAssociate'; readonly group: number; readonly node: number }
    | { readonly kind: 'mirrorToPort'; readonly session: number; readonly port: number }
    | { readonly kind: 'mirrorToGroup'; readonly session: number; readonly group: number }
    | { readonly kind: 'mirrorDelete'; readonly session: number }
    | { readonly kind: 'mirrorRead'; readonly session: number }
    | { readonly kind: 'counterRead'; readonly name: string; readonly index: bigint }
    | {
        readonly kind: 'counterWrite';
        readonly name: string;
        readonly index: bigint;
        readonly packets: bigint;
        readonly octets: bigint;
      }
    | { readonly kind: 'registerRead'; readonly name: string; readonly index: bigint }
    | {
        readonly kind: 'registerWrite';
        readonly name: string;
        readonly index: bigint;
        readonly value: bigint;
      }
    | { readonly kind: 'registerReset'; readonly name: string }
    | { readonly kind: 'meterRead'; readonly name: string; readonly index: bigint }
    | {
        readonly kind: 'meterWrite';
        readonly name: string;
        /** Null: every cell. */
        readonly index: bigint | null;
        readonly rates: StfRates;
      }
  );

/** What is wrong in a test, and where. */
export interface StfProblem {
  readonly line: number;
  readonly message: string;
}

export type StfOutcome<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly problem: StfProblem };
