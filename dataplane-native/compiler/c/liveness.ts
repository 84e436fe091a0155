/**
 * What of the metadata a frame has to carry. A field that egress may read goes with the frame, and
 * is copied with it; one that is read before anything is written to it starts as zero. Of p4c's
 * many variables most are neither: they are written before they are read, in one pass.
 *
 * The analysis goes backwards over parser, ingress and egress. It may say too much, never too
 * little: what it says of a path that no frame takes costs a store, no more.
 */
import type {
  Action,
  ControlNode,
  FieldRef,
  NodeRef,
  ParserOp,
  ParserState,
  Pipeline,
  Primitive,
  Program,
} from '../model.js';
import { at } from '../scope.js';
import { AccessWalk } from './accesses.js';
import { CellSet } from './cell-set.js';
import { orderNodes } from './order.js';

/**
 * Where a metadata field is kept (see phv.ts). Carried with the frame: `assigned` if ingress has
 * always written to it when it ends, `carried` if it may be what it began as, zero. In one pass
 * only: `cleared` if it may be read before it is written, `local` if not.
 */
export type MetadataPlace = 'assigned' | 'carried' | 'cleared' | 'local';

/** Fields as numbers. */
type CellOf = (ref: FieldRef) => number | null;

/** Reads come before writes, as everywhere in a primitive. */
interface Step {
  readonly reads: readonly number[];
  readonly writes: readonly number[];
}

const known = new WeakMap<Program, (header: number, field: number) => MetadataPlace>();

/** The place of a field of a header instance that is metadata. */
export function metadataPlace(program: Program, header: number, field: number): MetadataPlace {
  const placeOf = known.get(program) ?? new Liveness(program).places();
  known.set(program, placeOf);
  return placeOf(header, field);
}

class Liveness {
  private readonly program: Program;
  private readonly offsets: readonly number[];
  private readonly count: number;
  private readonly steps = new Map<Primitive | ParserOp, Step>();
  /** Read by the traffic manager's copies, whenever they are made. */
  private readonly listed: CellSet;

  constructor(program: Program) {
    this.program = program;
    let count = 0;
    this.offsets = program.headers.map(({ role, type }) => {
      const first = count;
      count += role === 'metadata' ? at(program.headerTypes, type).fields.length : 0;
      return first;
    });
    this.count = count;
    this.listed = this.readBy((walk) => {
      for (const ref of program.fieldLists.flatMap(({ fields }) => fields)) {
        walk.get(ref);
      }
    });
  }

  places(): (header: number, field: number) => MetadataPlace {
    const carried = this.egress();
    const start = this.parser(this.verification(this.ingress(carried)));
    carried.addAll(this.listed);
    start.addAll(this.listed);
    return (header, field) => {
      const cell = at(this.offsets, header) + field;
      if (carried.has(cell)) return start.has(cell) ? 'carried' : 'assigned';
      return start.has(cell) ? 'cleared' : 'local';
    };
  }

  private readonly cellOf: CellOf = (ref) => {
    if (ref.header.kind !== 'instance') return null;
    const { header } = ref.header;
    return at(this.program.headers, header).role === 'metadata'
      ? at(this.offsets, header) + ref.field
      : null;
  };

  /** What is live when egress begins. It may run again over what it left. */
  private egress(): CellSet {
    const { program } = this;
    const isEvent = program.headers.some(
      ({ role, type }) =>
        role === 'intrinsic' &&
        at(program.headerTypes, type).fields.some(
          ({ name }) => name === 'event_request' || name === 'wait_ns',
        ),
    );
    let start = new CellSet(this.count);
    for (;;) {
      const end = isEvent ? start.copy() : new CellSet(this.count);
      end.addAll(this.listed);
      const before = this.pipeline(program.egress, this.deparsing(end));
      if (!isEvent || before.equals(start)) return before;
      start = before;
    }
  }

  private deparsing(end: CellSet): CellSet {
    const live = this.primitives(this.program.deparserCode, end, end);
    live.addAll(end);
    live.addAll(this.readBy((walk) => this.checksums(walk, 'update')));
    return live;
  }

  private verification(live: CellSet): CellSet {
    live.addAll(this.readBy((walk) => this.checksums(walk, 'verify')));
    return live;
  }

  private checksums(walk: AccessWalk, which: 'update' | 'verify'): void {
    for (const checksum of this.program.checksums) {
      if (checksum[which]) {
        walk.get(checksum.target);
        walk.expressions(checksum.condition ?? []);
        walk.calculation(checksum.calculation);
      }
    }
  }

  /**
   * What is live when ingress begins. Digests are made of what the fields are when it ends: who has
   * come by their primitive has written them.
   */
  private ingress(carried: CellSet): CellSet {
    const end = carried.copy();
    end.addAll(this.listed);
    return this.pipeline(this.program.ingress, end);
  }

  private pipeline(pipeline: Pipeline, end: CellSet): CellSet {
    const starts = new Map<number, CellSet>();
    const startOf = (node: NodeRef): CellSet =>
      node === null ? end : (starts.get(node) ?? new CellSet(this.count));
    for (const index of [...orderNodes(pipeline)].reverse()) {
      const node = at(pipeline.nodes, index);
      const live = this.node(node, startOf, end);
      live.addAll(this.readBy((walk) => walk.node(node)));
      starts.set(index, live);
    }
    return startOf(pipeline.start).copy();
  }

  private node(node: ControlNode, startOf: (node: NodeRef) => CellSet, end: CellSet): CellSet {
    const { actions } = this.program;
    if (node.kind === 'conditional') {
      const live = startOf(node.whenTrue).copy();
      live.addAll(startOf(node.whenFalse));
      return live;
    }
    if (node.kind === 'call') {
      return this.action(at(actions, node.action), startOf(node.next), end);
    }
    const entry = node.defaultEntry;
    const isCall = node.keys.length === 0 && entry?.entryConst === true;
    const outcomes = [node.nextHit, node.nextMiss].flatMap((next) =>
      next === null ? [] : [next.node],
    );
    const used = isCall ? [entry.action] : [...node.actions, ...(entry ? [entry.action] : [])];
    const live = new CellSet(this.count);
    for (const action of used) {
      const own = node.nextByAction.get(action);
      const next = own === undefined ? node.nextDefault : own;
      const after = startOf(next).copy();
      for (const outcome of outcomes) after.addAll(startOf(outcome));
      live.addAll(this.action(at(actions, action), after, end));
    }
    if (!isCall) {
      // An entry may have no action.
      for (const next of [node.nextDefault, ...outcomes]) live.addAll(startOf(next));
    }
    return live;
  }

  private action(action: Action, after: CellSet, end: CellSet): CellSet {
    return this.primitives(action.primitives, after, end);
  }

  /** What is live before a list of primitives; `end`: after the pipeline. */
  private primitives(list: readonly Primitive[], after: CellSet, end: CellSet): CellSet {
    const targets = new Map<number, CellSet>();
    for (const primitive of list) {
      if (isJump(primitive)) targets.set(primitive.target, new CellSet(this.count));
    }
    const isLooping = list.some((primitive, i) => isJump(primitive) && primitive.target <= i);
    targets.set(list.length, after);
    for (;;) {
      const live = after.copy();
      let isStable = true;
      for (let i = list.length - 1; i >= 0; i -= 1) {
        const primitive = at(list, i);
        if (primitive.kind === 'jump') live.clear();
        if (isJump(primitive)) live.addAll(targets.get(primitive.target) ?? after);
        // A loop that takes too many turns ends.
        if (isLooping) live.addAll(after);
        // Where an assertion fails, the pipeline ends.
        if (primitive.kind === 'assert') live.addAll(end);
        if (primitive.kind === 'exit') {
          live.clear();
          live.addAll(end);
        }
        this.before(
          live,
          this.stepOf(primitive, (walk) => walk.primitive(primitive)),
        );
        const target = targets.get(i);
        if (target !== undefined && !target.equals(live)) {
          targets.set(i, live.copy());
          isStable = false;
        }
      }
      if (isStable || !isLooping) return live;
    }
  }

  /** What is live before the parser; it may give up at any of its operations. */
  private parser(done: CellSet): CellSet {
    const { start, states } = this.program.parser;
    const starts = states.map(() => done);
    for (let isStable = false; !isStable;) {
      isStable = true;
      for (let i = states.length - 1; i >= 0; i -= 1) {
        const live = this.parserState(at(states, i), starts, done);
        if (!live.equals(at(starts, i))) {
          starts[i] = live;
          isStable = false;
        }
      }
    }
    return start === null ? done.copy() : at(starts, start).copy();
  }

  private parserState(state: ParserState, starts: readonly CellSet[], done: CellSet): CellSet {
    const live = done.copy();
    for (const { next } of state.transitions) {
      if (next !== null) live.addAll(at(starts, next));
    }
    live.addAll(
      this.readBy((walk) => {
        for (const key of state.keys) walk.transitionKey(key);
      }),
    );
    for (const op of [...state.ops].reverse()) {
      this.before(
        live,
        this.stepOf(op, (walk) => walk.parserOp(op)),
      );
      live.addAll(done);
    }
    return live;
  }

  private before(live: CellSet, { reads, writes }: Step): void {
    for (const cell of writes) live.delete(cell);
    for (const cell of reads) live.add(cell);
  }

  private stepOf(piece: Primitive | ParserOp, visit: (walk: AccessWalk) => void): Step {
    const found = this.steps.get(piece);
    if (found !== undefined) return found;
    const step = this.accesses(visit);
    this.steps.set(piece, step);
    return step;
  }

  private readBy(visit: (walk: AccessWalk) => void): CellSet {
    const set = new CellSet(this.count);
    for (const cell of this.accesses(visit).reads) set.add(cell);
    return set;
  }

  private accesses(visit: (walk: AccessWalk) => void): Step {
    const reads: number[] = [];
    const writes: number[] = [];
    const note = (list: number[], ref: FieldRef): void => {
      const cell = this.cellOf(ref);
      if (cell !== null) list.push(cell);
    };
    visit(
      new AccessWalk(this.program, {
        read: (ref) => note(reads, ref),
        written: (ref, isSure) => (isSure ? note(writes, ref) : undefined),
        readAll: (header, type) => {
          at(this.program.headerTypes, type).fields.forEach((_, field) => {
            note(reads, { header, type, field });
          });
        },
      }),
    );
    return { reads, writes };
  }
}

function isJump(primitive: Primitive): primitive is Primitive & { readonly target: number } {
  return primitive.kind === 'jump' || primitive.kind === 'jumpIfZero';
}
