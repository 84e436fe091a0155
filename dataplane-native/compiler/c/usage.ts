/**
 * Which fields a program works with. A header's other fields are never taken apart: their octets
 * stay in the frame and are sent as they are.
 */
import type { HeaderType, Program } from '../model.js';
import { at } from '../scope.js';
import { AccessWalk } from './accesses.js';
import { boundMember } from './intrinsic.js';
import { windowsOf } from './windows.js';
import type { Window } from './windows.js';

/** How the fields of one header type are kept. */
export interface TypeUsage {
  /** By field: it has a member in the header's struct. */
  readonly members: readonly boolean[];
  /** Those windows whose fields have members; none of what is no header of a frame. */
  readonly windows: readonly Window[];
  /** Of these, the ones with a field that the program writes. */
  readonly written: readonly Window[];
  /**
   * How the other octets are kept: by where they are in the frame, as octets where a varbit is between
   * them, or not, where there are no others.
   */
  readonly kept: 'offset' | 'octets' | null;
}

const known = new WeakMap<Program, readonly TypeUsage[]>();

/** The usage of every header type, by its index. */
export function usageOf(program: Program): readonly TypeUsage[] {
  const usage = known.get(program) ?? computeUsage(program);
  known.set(program, usage);
  return usage;
}

/** Whether a header's struct has any members: of one that is only taken and sent it has none. */
export function hasMembers(program: Program, type: number): boolean {
  const { members } = at(usageOf(program), type);
  const isIntrinsic = program.headers.some(
    (header) => header.type === type && header.role === 'intrinsic',
  );
  if (isIntrinsic) {
    return members.some((_, field) => boundMember(program, { type, field }) === null);
  }
  return members.includes(true) || at(program.headerTypes, type).varbit !== null;
}

function computeUsage(program: Program): readonly TypeUsage[] {
  const accesses = accessesOf(program);
  return program.headerTypes.map((type, index) => {
    const isFrameOnly = program.headers.every(
      (header) => header.type !== index || header.role === 'header',
    );
    return isFrameOnly && type.bits % 8 === 0
      ? frameUsage(type, at(accesses.read, index), at(accesses.written, index))
      : { members: type.fields.map(() => true), windows: [], written: [], kept: null };
  });
}

function frameUsage(
  type: HeaderType,
  read: ReadonlySet<number>,
  isSet: ReadonlySet<number>,
): TypeUsage {
  const all = windowsOf(type);
  const written = all.filter(({ fields }) => fields.some((field) => isSet.has(field)));
  const windows = all.filter(
    (window) => written.includes(window) || window.fields.some((field) => read.has(field)),
  );
  const known = new Set(windows.flatMap(({ fields }) => fields));
  const isWhole = windows.length === all.length;
  return {
    members: type.fields.map((_, field) => known.has(field)),
    windows,
    written,
    kept: isWhole ? null : type.varbit === null ? 'offset' : 'octets',
  };
}

/** By header type: which fields are read, and which are written, anywhere in the program. */
interface TypeAccesses {
  readonly read: readonly Set<number>[];
  readonly written: readonly Set<number>[];
}

function accessesOf(program: Program): TypeAccesses {
  const read = program.headerTypes.map(() => new Set<number>());
  const written = program.headerTypes.map(() => new Set<number>());
  const walk = new AccessWalk(program, {
    read: (ref) => at(read, ref.type).add(ref.field),
    written: (ref) => at(written, ref.type).add(ref.field),
    readAll: (_, type) => {
      at(program.headerTypes, type).fields.forEach((_field, i) => at(read, type).add(i));
    },
  });
  visitCode(program, walk);
  visitDeclarations(program, walk);
  return { read, written };
}

function visitCode(program: Program, walk: AccessWalk): void {
  for (const { ops, keys } of program.parser.states) {
    for (const op of ops) {
      walk.parserOp(op);
    }
    for (const key of keys) {
      walk.transitionKey(key);
    }
  }
  for (const { primitives } of program.actions) {
    for (const primitive of primitives) {
      walk.primitive(primitive);
    }
  }
  for (const primitive of program.deparserCode) {
    walk.primitive(primitive);
  }
  for (const node of [...program.ingress.nodes, ...program.egress.nodes]) {
    walk.node(node);
  }
}

function visitDeclarations(program: Program, walk: AccessWalk): void {
  for (const { target, condition } of program.checksums) {
    walk.get(target);
    walk.set(target, false);
    walk.expressions(condition ?? []);
  }
  for (const { inputs } of program.calculations) {
    for (const input of inputs) {
      walk.input(input);
    }
  }
  for (const { elements } of program.learnLists) {
    walk.expressions(elements.map(({ value }) => value));
  }
  for (const { fields } of program.fieldLists) {
    for (const ref of fields) {
      walk.get(ref);
      walk.set(ref, false);
    }
  }
}
