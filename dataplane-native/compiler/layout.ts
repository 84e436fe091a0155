/**
 * The layout of a compiled pipeline: what the P4Runtime server must know of the C code that the
 * compiler wrote. Plain data: it is stored as JSON beside the shared object.
 *
 * Names are those of the bmv2 JSON, which are the control-plane names of the P4Info too
 * (`preamble.name`).
 */

/** Where a value of `bitwidth` bits stands in an array of 64-bit words: `shift` bits up in word
 * `word`, or, when it is wider than 64 bits, from `word` on, least significant word first. A value
 * never straddles two words otherwise. */
export interface Slot {
  readonly word: number;
  readonly shift: number;
  readonly bitwidth: number;
}

export type MatchType = 'exact' | 'lpm' | 'ternary' | 'range' | 'optional';

export interface KeyFieldLayout extends Slot {
  readonly name: string;
  readonly matchType: MatchType;
}

export interface ActionLayout {
  readonly name: string;
  /** The number that tp_table_insert takes: the index into `PipelineLayout.actions`. */
  readonly index: number;
  readonly params: readonly (Slot & { readonly name: string })[];
  readonly argWords: number;
}

export interface ConstEntryLayout {
  /** As tp_table_insert takes them; 64-bit words as decimal strings, since JSON has no bigint. */
  readonly key: readonly string[];
  readonly mask: readonly string[];
  readonly rangeWords: number;
  readonly priority: number;
  readonly action: number;
  readonly args: readonly string[];
}

export type TableKind = 'keyless' | 'exact' | 'lpm' | 'ternary';

export interface TableLayout {
  readonly name: string;
  /** The number that the engine knows it by. */
  readonly index: number;
  readonly kind: TableKind;
  readonly keyWords: number;
  readonly argWords: number;
  readonly maxEntries: number;
  readonly key: readonly KeyFieldLayout[];
  /** Indices into `PipelineLayout.actions`. */
  readonly actions: readonly number[];
  readonly defaultAction: { readonly action: number; readonly args: readonly string[] } | null;
  readonly defaultActionConst: boolean;
  readonly directCounter: string | null;
  readonly directMeter: { readonly name: string; readonly unit: MeterUnit } | null;
  /** The number of the action profile that its entries refer to. */
  readonly profile: number | null;
  readonly constEntries: readonly ConstEntryLayout[];
  readonly supportsTimeout: boolean;
}

/** Values that the controller gives to a parser's select: a ternary table without actions. */
export interface ValueSetLayout {
  readonly name: string;
  /** The number that the engine knows its table by. */
  readonly index: number;
  readonly size: number;
  /** Entries that the engine's table has room for: a member with a range is several. */
  readonly maxEntries: number;
  readonly keyWords: number;
  readonly key: readonly Slot[];
}

/** Members of it are actions that entries of tables refer to. */
export interface ProfileLayout {
  readonly name: string;
  readonly index: number;
  readonly size: number;
  readonly argWords: number;
  /** Whether entries may refer to groups of members too. */
  readonly hasSelector: boolean;
}

export interface CounterLayout {
  readonly name: string;
  readonly index: number;
  readonly size: number;
}

/** What the rates and bursts of a meter count. */
export type MeterUnit = 'packets' | 'bytes';

export interface MeterLayout {
  readonly name: string;
  readonly index: number;
  readonly size: number;
  readonly unit: MeterUnit;
}

export interface RegisterLayout {
  readonly name: string;
  readonly index: number;
  readonly size: number;
  readonly bitwidth: number;
  readonly words: number;
}

export interface DigestLayout {
  readonly name: string;
  readonly index: number;
  readonly words: number;
  readonly fields: readonly DigestField[];
}

export interface DigestField extends Slot {
  readonly name: string;
  /** Whether the header is valid whose fields come next: more than the control plane's type may want. */
  readonly isValidity?: true;
}

/** A `log_msg` of the program. */
export interface LogMessageLayout {
  /** With `{}` for each value; `\\{` and `\\}` are braces. */
  readonly format: string;
  /** In the P4 source. */
  readonly place: string;
  /** How many 64-bit words each value takes, least significant first; signed: two's complement. */
  readonly values: readonly { readonly words: number; readonly signed: boolean }[];
}

/** The fields of a header in a frame, in their order. */
export interface HeaderTypeLayout {
  readonly name: string;
  readonly fields: readonly { readonly name: string; readonly bitwidth: number }[];
}

export interface PipelineLayout {
  readonly abiVersion: number;
  readonly program: string;
  readonly tables: readonly TableLayout[];
  readonly actions: readonly ActionLayout[];
  readonly profiles: readonly ProfileLayout[];
  readonly valueSets: readonly ValueSetLayout[];
  readonly counters: readonly CounterLayout[];
  readonly meters: readonly MeterLayout[];
  readonly registers: readonly RegisterLayout[];
  readonly digests: readonly DigestLayout[];
  /** What each failed assertion is called to people, by its number in the engine's messages. */
  readonly assertions: readonly string[];
  /** By their numbers in the engine's records. */
  readonly logMessages: readonly LogMessageLayout[];
  /** Of headers, not of metadata. */
  readonly headerTypes: readonly HeaderTypeLayout[];
}

/** A construct that cannot be compiled, or a JSON that is not one. `path` is where in the JSON,
 * `source` where in the P4 source, as far as the JSON says. */
export interface CompileError {
  readonly code:
    'TOO_LARGE' | 'NOT_JSON' | 'MALFORMED' | 'UNSUPPORTED' | 'CYCLIC' | 'BAD_REFERENCE' | 'LIMIT';
  readonly message: string;
  readonly path: string;
  readonly source: string | null;
}

export interface CompiledPipeline {
  /** One C17 file, to be compiled with the engine's directory on the include path. */
  readonly c: string;
  readonly layout: PipelineLayout;
}

export type CompileResult =
  | { readonly ok: true; readonly value: CompiledPipeline }
  | { readonly ok: false; readonly errors: readonly CompileError[] };
