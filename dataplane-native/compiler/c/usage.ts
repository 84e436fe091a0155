/**
 * Which fields a program works with. A header's other fields are never taken apart: their octets
 * stay in the frame and are sent as they are.
 */
import type { HeaderType, Program } from '../model.js';
import { at } from '../scope.js';
import { AccessWalk } from './accesses.js';

/** How the fields of one header type are kept. */
export interface TypeUsage {
  /** By field: it has a member in the header's struct. */
  readonly members: readonly boolean[];
  /** Octets that the struct's members stand for when the header is sent, as [first, end[. */
  readonly patches: readonly (readonly [number, number])[];
  /**
   * How the other octets are kept: by where they are in the frame, as octets where a varbit is between
   * them, or not, where the patches are all of them.
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

function computeUsage(program: Program): readonly TypeUsage[] {
  const accesses = accessesOf(program);
  return program.headerTypes.map((type, index) => {
    const isFrameOnly = program.headers.every(
      (header) => header.type !== index || header.role === 'header',
    );
    return isFrameOnly && type.bits % 8 === 0
      ? frameUsage(type, at(accesses.read, index), at(accesses.written, index))
      : { members: type.fields.map(() => true), patches: [], kept: null };
  });
}

function frameUsage(
  type: HeaderType,
  read: ReadonlySet<number>,
  written: ReadonlySet<number>,
): TypeUsage {
  const octets = Array.from({ length: type.bits / 8 }, () => false);
  const spans: [number, number][] = [];
  let bit = 0;
  type.fields.forEach(({ bitwidth }, i) => {
    const span: [number, number] = [bit >> 3, (bit + bitwidth - 1) >> 3];
    spans.push(span);
    bit += bitwidth;
    if (written.has(i)) {
      octets.fill(true, span[0], span[1] + 1);
    }
  });
  // An octet is written whole, so all fields in it must be known.
  const isPatched = ([first, last]: readonly [number, number]): boolean =>
    octets.slice(first, last + 1).some((isSet) => isSet);
  const members = spans.map((span, i) => read.has(i) || isPatched(span));
  const patches = runs(octets);
  const isWhole = octets.every((isSet) => isSet);
  return { members, patches, kept: isWhole ? null : type.varbit === null ? 'offset' : 'octets' };
}

function runs(octets: readonly boolean[]): readonly (readonly [number, number])[] {
  const found: [number, number][] = [];
  octets.forEach((isSet, i) => {
    const last = found.at(-1);
    if (isSet && last?.[1] === i) {
      last[1] = i + 1;
    } else if (isSet) {
      found.push([i, i + 1]);
    }
  });
  return found;
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
