/**
 * Which fields a program works with. A header's other fields are never taken apart: their octets
 * are kept as they came (p->raw) and are sent as they are.
 */
import { childrenOf } from '../expression-tree.js';
import type {
  CalculationInput,
  Expression,
  FieldRef,
  HeaderRef,
  HeaderType,
  ParserOp,
  Pipeline,
  Primitive,
  Program,
} from '../model.js';
import { at } from '../scope.js';

/** How the fields of one header type are kept. */
export interface TypeUsage {
  /** By field: it has a member in the header's struct. */
  readonly members: readonly boolean[];
  /** Octets that the struct's members stand for when the header is sent, as [first, end[. */
  readonly patches: readonly (readonly [number, number])[];
  /** Whether the header's octets are kept: not needed where the patches are all of them. */
  readonly hasRaw: boolean;
}

const known = new WeakMap<Program, readonly TypeUsage[]>();

/** The usage of every header type, by its index. */
export function usageOf(program: Program): readonly TypeUsage[] {
  const usage = known.get(program) ?? computeUsage(program);
  known.set(program, usage);
  return usage;
}

function computeUsage(program: Program): readonly TypeUsage[] {
  const walk = new Walk(program);
  walk.program();
  return program.headerTypes.map((type, index) => {
    const isFrameOnly = program.headers.every(
      (header) => header.type !== index || header.role === 'header',
    );
    return isFrameOnly && type.bits % 8 === 0
      ? frameUsage(type, walk.read[index] ?? new Set(), walk.written[index] ?? new Set())
      : { members: type.fields.map(() => true), patches: [], hasRaw: false };
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
  return { members, patches, hasRaw: octets.some((isSet) => !isSet) };
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

class Walk {
  readonly read: Set<number>[];
  readonly written: Set<number>[];
  private readonly source: Program;

  constructor(program: Program) {
    this.source = program;
    this.read = program.headerTypes.map(() => new Set());
    this.written = program.headerTypes.map(() => new Set());
  }

  program(): void {
    const { source } = this;
    for (const { ops, keys } of source.parser.states) {
      for (const op of ops) {
        this.parserOp(op);
      }
      for (const key of keys) {
        if (key.kind === 'field') {
          this.get(key.ref);
        } else if (key.kind === 'value') {
          this.expressions(key.value);
        }
      }
    }
    for (const { primitives } of source.actions) {
      for (const primitive of primitives) {
        this.primitive(primitive);
      }
    }
    for (const primitive of source.deparserCode) {
      this.primitive(primitive);
    }
    this.pipeline(source.ingress);
    this.pipeline(source.egress);
    this.declarations();
  }

  private declarations(): void {
    const { source } = this;
    for (const { target, condition } of source.checksums) {
      this.get(target);
      this.set(target);
      this.expressions(condition ?? []);
    }
    for (const { inputs } of source.calculations) {
      for (const input of inputs) {
        this.input(input);
      }
    }
    for (const { elements } of source.learnLists) {
      this.expressions(elements.map(({ value }) => value));
    }
    for (const { fields } of source.fieldLists) {
      for (const ref of fields) {
        this.get(ref);
        this.set(ref);
      }
    }
  }

  private pipeline(pipeline: Pipeline): void {
    for (const node of pipeline.nodes) {
      if (node.kind === 'table') {
        this.expressions(node.keys.map(({ value }) => value));
        if (node.directMeter !== null) {
          this.set(node.directMeter.to);
        }
      } else if (node.kind === 'conditional') {
        this.expressions(node.condition);
      }
    }
  }

  private parserOp(op: ParserOp): void {
    switch (op.kind) {
      case 'extract':
      case 'extractNext':
      case 'extractNextUnion':
        this.expressions(op.varBits ?? []);
        return;
      case 'set':
        this.set(op.to);
        this.expressions(op.value);
        return;
      case 'setLookahead':
        this.set(op.to);
        return;
      case 'verify':
        this.expressions([op.condition, op.error]);
        return;
      case 'advance':
        this.expressions(op.bits);
        return;
      case 'primitive':
        this.primitive(op.primitive);
    }
  }

  private primitive(primitive: Primitive): void {
    if (primitive.kind === 'sequence') {
      for (const part of primitive.primitives) {
        this.primitive(part);
      }
    } else if (primitive.kind === 'assignPieces') {
      for (const ref of primitive.to) {
        this.set(ref);
      }
    } else if ('to' in primitive && typeof primitive.to === 'object') {
      if ('field' in primitive.to) {
        this.set(primitive.to);
      } else {
        this.header(primitive.to);
      }
    }
    if (primitive.kind === 'assignVarbit') {
      this.header(primitive.toVarbit);
      this.header(primitive.from);
    } else if (primitive.kind === 'assignHeader') {
      this.header(primitive.from);
    } else if (primitive.kind === 'addHeader' || primitive.kind === 'removeHeader') {
      this.header(primitive.header);
    }
    this.expressions(primitiveExpressions(primitive));
  }

  private input(input: CalculationInput): void {
    if (input.kind === 'field') {
      this.get(input.ref);
    } else if (input.kind === 'varbit') {
      this.header(input.header);
    } else if (input.kind === 'header') {
      this.all(at(this.source.headers, input.header).type);
    }
  }

  private get(ref: FieldRef): void {
    at(this.read, ref.type).add(ref.field);
    this.header(ref.header);
  }

  private set(ref: FieldRef): void {
    at(this.written, ref.type).add(ref.field);
    this.header(ref.header);
  }

  private all(type: number): void {
    at(this.source.headerTypes, type).fields.forEach((_, i) => at(this.read, type).add(i));
  }

  private header(ref: HeaderRef): void {
    if (ref.kind === 'element') {
      this.expressions(ref.index);
    }
  }

  private expressions(roots: Expression | readonly Expression[]): void {
    const pending = Array.isArray(roots)
      ? [...(roots as readonly Expression[])]
      : [roots as Expression];
    for (let e = pending.pop(); e !== undefined; e = pending.pop()) {
      if (e.kind === 'field') {
        this.get(e.ref);
      } else if (e.kind === 'valid') {
        this.header(e.header);
      } else if (e.kind === 'varbit') {
        this.header(e.ref);
      } else if (e.kind === 'header') {
        // Headers stand in expressions only to be compared, field by field.
        this.all(this.typeOf(e.ref));
        this.header(e.ref);
      }
      pending.push(...childrenOf(e));
    }
  }

  private typeOf(ref: HeaderRef): number {
    return ref.kind === 'instance'
      ? at(this.source.headers, ref.header).type
      : at(this.source.stacks, ref.stack).type;
  }
}

function primitiveExpressions(primitive: Primitive): readonly Expression[] {
  switch (primitive.kind) {
    case 'assign':
      return [primitive.value];
    case 'assignPieces':
      return primitive.values;
    case 'jumpIfZero':
      return [primitive.condition];
    case 'clone':
      return [primitive.session];
    case 'truncate':
      return [primitive.octets];
    case 'count':
    case 'meter':
    case 'registerRead':
      return [primitive.index];
    case 'registerWrite':
      return [primitive.index, primitive.value];
    case 'hash':
      return [primitive.base, primitive.size];
    case 'random':
      return [primitive.low, primitive.high];
    case 'assignHeader':
    case 'assignVarbit':
    case 'assignStack':
    case 'addHeader':
    case 'removeHeader':
    case 'push':
    case 'pop':
    case 'sequence':
    case 'addUnionStackSize':
    case 'copyUnionStackSize':
    case 'jump':
    case 'exit':
    case 'nothing':
    case 'markToDrop':
    case 'digest':
    case 'resubmit':
    case 'recirculate':
      return [];
  }
}
