import { fail, sanitise } from './failure.js';
import type { Place } from './failure.js';
import type { Json } from './json.js';
import type {
  CounterArray,
  FieldRef,
  HeaderInstance,
  HeaderRef,
  HeaderStack,
  HeaderType,
  MeterArray,
  RegisterArray,
  UnionStack,
  ValueSet,
} from './model.js';

/** The declarations of a program, by name, while its code is being decoded. */
export interface Scope {
  readonly headerTypes: readonly HeaderType[];
  readonly headers: readonly HeaderInstance[];
  readonly stacks: readonly HeaderStack[];
  readonly headerByName: ReadonlyMap<string, number>;
  readonly stackByName: ReadonlyMap<string, number>;
  /** The members of each header union. */
  readonly unions: readonly (readonly number[])[];
  readonly unionByName: ReadonlyMap<string, number>;
  readonly unionStacks: readonly UnionStack[];
  readonly unionStackByName: ReadonlyMap<string, number>;
  /** What the members of each stack's union are called, in their order. */
  readonly unionStackMembers: readonly (readonly string[])[];
  readonly aliases: ReadonlyMap<string, readonly [string, string]>;
  readonly valueSets: readonly ValueSet[];
  readonly valueSetByName: ReadonlyMap<string, number>;
  readonly counters: readonly CounterArray[];
  readonly counterByName: ReadonlyMap<string, number>;
  readonly meters: readonly MeterArray[];
  readonly meterByName: ReadonlyMap<string, number>;
  readonly registers: readonly RegisterArray[];
  readonly registerByName: ReadonlyMap<string, number>;
  readonly calculationByName: ReadonlyMap<string, number>;
  readonly fieldListById: ReadonlyMap<number, number>;
  readonly learnListById: ReadonlyMap<number, number>;
}

/** The hidden field of a header's validity. */
export const VALID_FIELD = '$valid$';

function lookUp(map: ReadonlyMap<string, number>, place: Json, what: string): number {
  const name = place.string();
  return map.get(name) ?? fail(place, 'BAD_REFERENCE', `there is no ${what} "${sanitise(name)}"`);
}

export function headerNamed(scope: Scope, name: Json): number {
  return lookUp(scope.headerByName, name, 'header');
}

export function stackNamed(scope: Scope, name: Json): number {
  return lookUp(scope.stackByName, name, 'header stack');
}

export function unionStackNamed(scope: Scope, name: Json): number {
  return lookUp(scope.unionStackByName, name, 'stack of header unions');
}

/** The place of a member in the union that a stack is made of. */
export function unionMemberNamed(scope: Scope, stack: number, name: Json): number {
  const place = at(scope.unionStackMembers, stack).indexOf(name.string());
  return place < 0
    ? fail(name, 'BAD_REFERENCE', `the union has no member "${sanitise(name.string())}"`)
    : place;
}

/** The members of a header union. */
export function unionNamed(scope: Scope, name: Json): readonly number[] {
  return at(scope.unions, lookUp(scope.unionByName, name, 'header union'));
}

export function valueSetNamed(scope: Scope, name: Json): number {
  return lookUp(scope.valueSetByName, name, 'parser value set');
}

export function counterNamed(scope: Scope, name: Json): number {
  return lookUp(scope.counterByName, name, 'counter array');
}

export function meterNamed(scope: Scope, name: Json): number {
  return lookUp(scope.meterByName, name, 'meter array');
}

export function registerNamed(scope: Scope, name: Json): number {
  return lookUp(scope.registerByName, name, 'register array');
}

export function calculationNamed(scope: Scope, name: Json): number {
  return lookUp(scope.calculationByName, name, 'calculation');
}

export function typeOf(scope: Scope, header: HeaderRef): number {
  return header.kind === 'instance'
    ? at(scope.headers, header.header).type
    : at(scope.stacks, header.stack).type;
}

export function instance(header: number): HeaderRef {
  return { kind: 'instance', header };
}

/** A field, the pieces of a wide one (least significant first), or the validity of its header. */
export type FieldOrValid =
  | { readonly kind: 'field'; readonly ref: FieldRef }
  | {
      readonly kind: 'wide';
      readonly refs: readonly FieldRef[];
      readonly bitwidth: number;
      readonly signed: boolean;
    }
  | { readonly kind: 'varbit'; readonly header: HeaderRef }
  | { readonly kind: 'valid'; readonly header: HeaderRef };

/** Resolves `[header, field]`. */
export function fieldNamed(scope: Scope, pair: Json): FieldOrValid {
  const [headerName, fieldName] = pair.tuple(2) as readonly [Json, Json];
  const alias = scope.aliases.get(`${headerName.string()}.${fieldName.string()}`);
  const header = scope.headerByName.get(headerName.string());
  if (header === undefined && alias !== undefined) {
    const target = scope.headerByName.get(alias[0]);
    if (target !== undefined) {
      return fieldOf(scope, instance(target), alias[1], pair);
    }
  }
  return fieldOf(scope, instance(headerNamed(scope, headerName)), fieldName.string(), fieldName);
}

/** Resolves `[stack, field]` in the stack's last element. */
export function stackFieldNamed(scope: Scope, pair: Json): FieldOrValid {
  const [stackName, fieldName] = pair.tuple(2) as readonly [Json, Json];
  const header: HeaderRef = { kind: 'last', stack: stackNamed(scope, stackName) };
  return fieldOf(scope, header, fieldName.string(), fieldName);
}

export function fieldOf(scope: Scope, header: HeaderRef, name: string, place: Place): FieldOrValid {
  if (name === VALID_FIELD) {
    return { kind: 'valid', header };
  }
  const type = typeOf(scope, header);
  if (at(scope.headerTypes, type).varbit?.name === name) {
    return { kind: 'varbit', header };
  }
  const field = at(scope.headerTypes, type).fieldByName.get(name);
  return field === undefined
    ? fail(place, 'BAD_REFERENCE', `the header has no field "${sanitise(name)}"`)
    : fieldAt(scope, header, field);
}

/** The field at an index of the header's type, or all of a wide one by the piece on top. */
export function fieldAt(scope: Scope, header: HeaderRef, field: number): FieldOrValid {
  const type = typeOf(scope, header);
  const wide = at(scope.headerTypes, type).wideFields.get(field);
  if (wide === undefined) {
    return { kind: 'field', ref: { header, type, field } };
  }
  const refs = wide.pieces.map((piece) => ({ header, type, field: piece }));
  return { kind: 'wide', refs, bitwidth: wide.bitwidth, signed: wide.signed };
}

/** As `fieldNamed`, where neither validity nor a wide field will do. */
export function plainFieldNamed(scope: Scope, pair: Json): FieldRef {
  const found = fieldNamed(scope, pair);
  return found.kind === 'field'
    ? found.ref
    : fail(pair, 'UNSUPPORTED', `a ${describe(found)} cannot stand here`);
}

export function describe(found: FieldOrValid): string {
  if (found.kind === 'valid') {
    return 'header validity';
  }
  if (found.kind === 'varbit') {
    return 'varbit';
  }
  return found.kind === 'wide' ? `field of ${found.bitwidth} bits` : 'field';
}

export function bitwidthOf(scope: Scope, ref: FieldRef): number {
  return at(at(scope.headerTypes, ref.type).fields, ref.field).bitwidth;
}

/** An item that is known to be there: an index of the compiler's own making. */
export function at<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) {
    throw new RangeError(`no item ${index}`);
  }
  return item;
}
