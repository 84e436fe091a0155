/**
 * The program that a bmv2 JSON describes, with every reference resolved to an index and every name
 * kept for messages and the layout only.
 */
import type { Place } from './failure.js';
import type { MatchType, MeterUnit } from './layout.js';
import { pieceCount } from './pieces.js';

export interface Field {
  readonly name: string;
  readonly bitwidth: number;
  readonly signed: boolean;
}

/** A field of more bits than C computes with: several fields of at most 64 bits, on paper one. */
export interface WideField {
  readonly bitwidth: number;
  readonly signed: boolean;
  /** Indices into `HeaderType.fields`, least significant first; these have no sign. */
  readonly pieces: readonly number[];
}

/** The one field of a header whose length the parser finds out: of whole octets, between them. */
export interface Varbit {
  readonly name: string;
  readonly maxOctets: number;
  /** Octets of the fields in front of it. */
  readonly at: number;
  /** How many of `HeaderType.fields` are in front of it. */
  readonly fieldsBefore: number;
}

export interface HeaderType {
  readonly name: string;
  /** By the name or, as the JSON counts them, the number of a declared field: its index in `fields`, of
   * a wide one that of the piece on top. */
  readonly fieldByName: ReadonlyMap<string, number>;
  readonly declared: readonly number[];
  /** By the index of the piece on top. */
  readonly wideFields: ReadonlyMap<number, WideField>;
  readonly fields: readonly Field[];
  /** Of the fields; what a varbit has comes on top. */
  readonly bits: number;
  readonly varbit: Varbit | null;
}

/** What a header instance is bound to, beside the frame. */
export type HeaderRole = 'header' | 'metadata' | 'standardMetadata' | 'intrinsic';

export interface HeaderInstance {
  readonly name: string;
  readonly type: number;
  readonly role: HeaderRole;
  /** Its stack and its place in it, where it is an element of one. */
  readonly element: { readonly stack: number; readonly index: number } | null;
  /** The members of its union, itself among them: one of them at most is valid. */
  readonly union: readonly number[];
}

export interface HeaderStack {
  readonly name: string;
  readonly type: number;
  readonly headers: readonly number[];
}

/** A stack of header unions. */
export interface UnionStack {
  readonly name: string;
  /** The members of each element, in the order of the union's declaration. */
  readonly elements: readonly (readonly number[])[];
}

export type HeaderRef =
  | { readonly kind: 'instance'; readonly header: number }
  | { readonly kind: 'element'; readonly stack: number; readonly index: Expression }
  | { readonly kind: 'last'; readonly stack: number };

export interface FieldRef {
  readonly header: HeaderRef;
  readonly type: number;
  readonly field: number;
}

/** A field to be written to, or the pieces of a wide one, least significant first. */
export type Target = readonly FieldRef[];

export type ArithmeticOp = '+' | '-' | '*' | '/' | '%' | '<<' | '>>' | '&' | '|' | '^';
export type CompareOp = '==' | '!=' | '<' | '<=' | '>' | '>=';
export type CastOp = 'two_comp_mod' | 'sat_cast' | 'usat_cast';

/** An expression over unbounded integers, booleans and headers, as bmv2 evaluates them. */
export type Expression = Place &
  (
    | { readonly kind: 'constant'; readonly value: bigint }
    | { readonly kind: 'boolean'; readonly value: boolean }
    | { readonly kind: 'field'; readonly ref: FieldRef }
    | { readonly kind: 'header'; readonly ref: HeaderRef }
    /** The varbit of a header: to be copied, compared and hashed, and nothing else. */
    | { readonly kind: 'varbit'; readonly ref: HeaderRef }
    | {
        readonly kind: 'parameter';
        readonly index: number;
        readonly bitwidth: number;
        /** The argument's word that is meant, of one that is wide; 0 otherwise. */
        readonly word: number;
      }
    /** More than 128 bits: pieces of 64 without a sign, least significant first. */
    | {
        readonly kind: 'wide';
        readonly bits: number;
        readonly signed: boolean;
        readonly pieces: readonly Expression[];
      }
    | { readonly kind: 'stackSize'; readonly stack: number; readonly lastIndex: boolean }
    /** How many elements of a stack of header unions the parser has filled. */
    | { readonly kind: 'unionStackSize'; readonly stack: number }
    | { readonly kind: 'valid'; readonly header: HeaderRef }
    | { readonly kind: 'complement'; readonly arg: Expression }
    | {
        readonly kind: 'arithmetic';
        readonly op: ArithmeticOp;
        readonly left: Expression;
        readonly right: Expression;
      }
    | {
        readonly kind: 'cast';
        readonly op: CastOp;
        readonly arg: Expression;
        readonly bitwidth: number;
      }
    | {
        readonly kind: 'compare';
        readonly op: CompareOp;
        readonly left: Expression;
        readonly right: Expression;
      }
    | {
        readonly kind: 'logic';
        readonly op: 'and' | 'or';
        readonly left: Expression;
        readonly right: Expression;
      }
    | { readonly kind: 'not'; readonly arg: Expression }
    | { readonly kind: 'toBoolean'; readonly arg: Expression }
    | { readonly kind: 'toData'; readonly arg: Expression }
    | {
        readonly kind: 'choice';
        readonly condition: Expression;
        readonly left: Expression;
        readonly right: Expression;
      }
  );

export type Primitive = Place &
  (
    | { readonly kind: 'assign'; readonly to: FieldRef; readonly value: Expression }
    /** All of the value is computed before the first piece is stored. */
    | { readonly kind: 'assignWide'; readonly to: Target; readonly value: Expression }
    | { readonly kind: 'assignVarbit'; readonly toVarbit: HeaderRef; readonly from: HeaderRef }
    | { readonly kind: 'assignHeader'; readonly to: HeaderRef; readonly from: HeaderRef }
    | { readonly kind: 'assignStack'; readonly to: number; readonly from: number }
    | { readonly kind: 'addHeader'; readonly header: HeaderRef }
    | { readonly kind: 'removeHeader'; readonly header: HeaderRef }
    /** Several as one: what p4c does with a header union as a whole. */
    | { readonly kind: 'sequence'; readonly primitives: readonly Primitive[] }
    /** Sets how many elements of a stack of header unions are filled: so many more, or as another. */
    | { readonly kind: 'addUnionStackSize'; readonly stack: number; readonly by: number }
    | { readonly kind: 'copyUnionStackSize'; readonly stack: number; readonly from: number }
    | { readonly kind: 'push'; readonly stack: number; readonly count: number }
    | { readonly kind: 'pop'; readonly stack: number; readonly count: number }
    | { readonly kind: 'jump'; readonly target: number }
    | { readonly kind: 'jumpIfZero'; readonly condition: Expression; readonly target: number }
    | { readonly kind: 'exit' }
    | { readonly kind: 'nothing' }
    | { readonly kind: 'log'; readonly format: string; readonly values: readonly Expression[] }
    | {
        readonly kind: 'assert';
        readonly which: 'assert' | 'assume';
        readonly condition: Expression;
      }
    | { readonly kind: 'markToDrop' }
    | { readonly kind: 'digest'; readonly list: number }
    | {
        readonly kind: 'clone';
        readonly session: Expression;
        /** Index into `fieldLists`, or null: nothing is preserved. */
        readonly fieldList: number | null;
      }
    | { readonly kind: 'resubmit'; readonly fieldList: number | null }
    | { readonly kind: 'recirculate'; readonly fieldList: number | null }
    | { readonly kind: 'truncate'; readonly octets: Expression }
    | { readonly kind: 'count'; readonly counter: number; readonly index: Expression }
    | {
        readonly kind: 'meter';
        readonly to: Target;
        readonly meter: number;
        readonly index: Expression;
      }
    | {
        readonly kind: 'registerRead';
        readonly to: Target;
        readonly register: number;
        readonly index: Expression;
      }
    | {
        readonly kind: 'registerWrite';
        readonly register: number;
        readonly index: Expression;
        readonly value: Expression;
      }
    | {
        readonly kind: 'hash';
        readonly to: Target;
        readonly base: Expression;
        readonly calculation: number;
        readonly size: Expression;
      }
    | {
        readonly kind: 'random';
        readonly to: Target;
        readonly low: Expression;
        readonly high: Expression;
      }
  );

export interface Parameter {
  readonly name: string;
  readonly bitwidth: number;
}

export interface Action extends Place {
  readonly name: string;
  readonly id: number;
  readonly parameters: readonly Parameter[];
  readonly primitives: readonly Primitive[];
}

export type ParserOp = Place &
  /** `varBits`: the length of the header's varbit. */
  (
    | { readonly kind: 'extract'; readonly header: number; readonly varBits: Expression | null }
    /** Into member `member` of the next element. */
    | {
        readonly kind: 'extractNextUnion';
        readonly stack: number;
        readonly member: number;
        readonly varBits: Expression | null;
      }
    | { readonly kind: 'extractNext'; readonly stack: number; readonly varBits: Expression | null }
    | { readonly kind: 'set'; readonly to: FieldRef; readonly value: Expression }
    | {
        readonly kind: 'setLookahead';
        readonly to: FieldRef;
        readonly offset: number;
        readonly bitwidth: number;
      }
    | { readonly kind: 'verify'; readonly condition: Expression; readonly error: Expression }
    | { readonly kind: 'advance'; readonly bits: Expression }
    | { readonly kind: 'primitive'; readonly primitive: Primitive }
  );

/** A wide key is several: `wideBits`, of the first one, are those of all of it. */
export type TransitionKey = Place & { readonly wideBits?: number } & (
    | { readonly kind: 'field'; readonly ref: FieldRef; readonly bitwidth: number }
    | { readonly kind: 'lookahead'; readonly offset: number; readonly bitwidth: number }
    | { readonly kind: 'value'; readonly value: Expression; readonly bitwidth: number }
  );

/** Each key as a whole, and the index of the first of its pieces. */
export function wholeKeys(
  keys: readonly TransitionKey[],
): readonly { readonly first: number; readonly bitwidth: number }[] {
  const whole: { first: number; bitwidth: number }[] = [];
  for (let first = 0; first < keys.length;) {
    const { bitwidth = 0, wideBits } = keys[first] ?? {};
    whole.push({ first, bitwidth: wideBits ?? bitwidth });
    first += wideBits === undefined ? 1 : pieceCount(wideBits);
  }
  return whole;
}

export type TransitionCase =
  | {
      readonly kind: 'values';
      /** Value and mask of each key. A mask of null compares the whole key. */
      readonly keys: readonly { readonly value: bigint; readonly mask: bigint | null }[];
    }
  | {
      readonly kind: 'set';
      /** Index into `Program.valueSets`, and a mask of each key, if there are any. */
      readonly valueSet: number;
      readonly masks: readonly bigint[] | null;
    };

export interface Transition {
  /** Null: the default. */
  readonly match: TransitionCase | null;
  readonly next: number | null;
}

/** Values that the controller gives to a parser's select. */
export interface ValueSet extends Place {
  readonly name: string;
  readonly size: number;
  readonly bits: number;
}

export interface ParserState extends Place {
  readonly name: string;
  readonly ops: readonly ParserOp[];
  readonly keys: readonly TransitionKey[];
  readonly transitions: readonly Transition[];
}

export interface Parser {
  readonly start: number | null;
  readonly states: readonly ParserState[];
}

export type CalculationInput =
  | { readonly kind: 'field'; readonly ref: FieldRef; readonly bitwidth: number }
  | { readonly kind: 'constant'; readonly value: bigint; readonly bitwidth: number }
  | { readonly kind: 'header'; readonly header: number }
  | { readonly kind: 'varbit'; readonly header: HeaderRef; readonly type: number }
  | { readonly kind: 'payload' };

export type HashAlgorithm =
  | 'csum16'
  | 'xor16'
  | 'crc16'
  | 'crc32'
  | 'crcCCITT'
  | 'identity'
  | 'crc16_custom'
  | 'crc32_custom'
  | 'random';

export interface Calculation extends Place {
  readonly name: string;
  readonly algorithm: HashAlgorithm;
  readonly inputs: readonly CalculationInput[];
}

export interface Checksum extends Place {
  readonly target: FieldRef;
  readonly calculation: number;
  readonly condition: Expression | null;
  readonly verify: boolean;
  readonly update: boolean;
}

export interface TableKey extends Place {
  readonly name: string;
  readonly matchType: MatchType;
  readonly value: Expression;
  readonly bitwidth: number;
}

export interface ConstKey {
  readonly key: bigint;
  /** Mask, or the high end of a range. */
  readonly mask: bigint;
}

export interface ConstEntry {
  readonly keys: readonly ConstKey[];
  readonly priority: number;
  readonly action: number;
  readonly args: readonly bigint[];
}

/** Index into `Pipeline.nodes`, or null: the end of the pipeline. */
export type NodeRef = number | null;

export interface Table extends Place {
  readonly kind: 'table';
  readonly name: string;
  readonly keys: readonly TableKey[];
  readonly maxEntries: number;
  readonly actions: readonly number[];
  readonly directCounter: string | null;
  readonly directMeter: DirectMeter | null;
  /** Index into `Program.profiles`: its entries refer to actions instead of having them. */
  readonly profile: number | null;
  readonly supportsTimeout: boolean;
  readonly constEntries: readonly ConstEntry[];
  readonly defaultEntry: {
    readonly action: number;
    readonly args: readonly bigint[];
    readonly actionConst: boolean;
    readonly entryConst: boolean;
  } | null;
  readonly nextByAction: ReadonlyMap<number, NodeRef>;
  readonly nextHit: { readonly node: NodeRef } | null;
  readonly nextMiss: { readonly node: NodeRef } | null;
  readonly nextDefault: NodeRef;
}

export type ControlNode =
  | Table
  | (Place & {
      readonly kind: 'conditional';
      readonly name: string;
      readonly condition: Expression;
      readonly whenTrue: NodeRef;
      readonly whenFalse: NodeRef;
    })
  | (Place & {
      readonly kind: 'call';
      readonly name: string;
      readonly action: number;
      readonly next: NodeRef;
    });

export interface Pipeline {
  readonly name: string;
  readonly start: NodeRef;
  readonly nodes: readonly ControlNode[];
}

export interface ActionProfile {
  readonly name: string;
  readonly size: number;
  /** Index into `Program.calculations`: what chooses a member of a group. Null: no groups. */
  readonly selector: number | null;
}

export interface CounterArray {
  readonly name: string;
  readonly size: number;
}

export interface MeterArray {
  readonly name: string;
  readonly size: number;
  readonly unit: MeterUnit;
}

export interface DirectMeter {
  readonly name: string;
  readonly unit: MeterUnit;
  /** Gets the colour of each hit, before the action runs. */
  readonly to: FieldRef;
}

export interface RegisterArray {
  readonly name: string;
  readonly size: number;
  readonly bitwidth: number;
}

export interface LearnList extends Place {
  readonly name: string;
  readonly id: number;
  readonly elements: readonly {
    readonly name: string;
    readonly value: Expression;
    readonly bitwidth: number;
    /** Of the header whose fields come next. */
    readonly isValidity?: true;
  }[];
}

export interface FieldList {
  readonly id: number;
  readonly fields: readonly FieldRef[];
}

export interface Program {
  readonly name: string;
  /** The lines of P4, by the JSON path of what they became. */
  readonly sources: ReadonlyMap<string, string>;
  readonly headerTypes: readonly HeaderType[];
  readonly headers: readonly HeaderInstance[];
  readonly stacks: readonly HeaderStack[];
  readonly unionStacks: readonly UnionStack[];
  /** Core error codes by name. */
  readonly errors: ReadonlyMap<string, number>;
  readonly parser: Parser;
  /** Header instances in the order in which they are emitted. */
  readonly deparser: readonly number[];
  /** What runs after the checksums, before the headers are emitted. */
  readonly deparserCode: readonly Primitive[];
  readonly valueSets: readonly ValueSet[];
  readonly counters: readonly CounterArray[];
  readonly meters: readonly MeterArray[];
  readonly registers: readonly RegisterArray[];
  readonly learnLists: readonly LearnList[];
  readonly fieldLists: readonly FieldList[];
  readonly calculations: readonly Calculation[];
  readonly checksums: readonly Checksum[];
  readonly actions: readonly Action[];
  readonly profiles: readonly ActionProfile[];
  readonly ingress: Pipeline;
  readonly egress: Pipeline;
}
