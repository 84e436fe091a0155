/** Which fields a piece of the program reads and writes. */
import { childrenOf } from '../expression-tree.js';
import type {
  CalculationInput,
  ControlNode,
  Expression,
  FieldRef,
  HeaderRef,
  ParserOp,
  Primitive,
  Program,
  Target,
  TransitionKey,
} from '../model.js';
import { at } from '../scope.js';

/** Told of each access. Of an element found by an index, the index is read too. */
export interface AccessVisitor {
  readonly read: (ref: FieldRef) => void;
  /** `isSure`: whenever the piece runs, the field gets a new value. */
  readonly written: (ref: FieldRef, isSure: boolean) => void;
  /** A header as a whole is compared or hashed: all its fields are read. */
  readonly readAll: (header: HeaderRef, type: number) => void;
}

export function isMetadata(program: Program, ref: HeaderRef): boolean {
  if (ref.kind !== 'instance') return false;
  const { role } = at(program.headers, ref.header);
  return role === 'metadata' || role === 'standardMetadata';
}

/**
 * Whether p4c made this metadata of a variable: in its one header of scalars what is named without a
 * struct, and the lists that it hands to externs.
 */
export function isVariable(program: Program, ref: FieldRef): boolean {
  if (ref.header.kind !== 'instance') return false;
  const { name, role, type } = at(program.headers, ref.header.header);
  const declared = at(program.headerTypes, type);
  if (role !== 'metadata') return false;
  return name === 'scalars'
    ? !at(declared.fields, ref.field).name.includes('.')
    : declared.name.startsWith('tuple_');
}

/** Tells a visitor of what parts of one program do. */
export class AccessWalk {
  private readonly program: Program;
  private readonly visitor: AccessVisitor;

  constructor(program: Program, visitor: AccessVisitor) {
    this.program = program;
    this.visitor = visitor;
  }

  /** What is read before the operation writes. */
  parserOp(op: ParserOp): void {
    switch (op.kind) {
      case 'extract':
      case 'extractNext':
      case 'extractNextUnion':
        this.expressions(op.varBits ?? []);
        return;
      case 'set':
        this.expressions(op.value);
        this.set(op.to, true);
        return;
      case 'setLookahead':
        this.set(op.to, true);
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

  primitive(primitive: Primitive): void {
    this.expressions(primitiveExpressions(primitive));
    switch (primitive.kind) {
      case 'sequence':
        for (const part of primitive.primitives) {
          this.primitive(part);
        }
        return;
      case 'assignWide':
        this.setAll(primitive.to, true);
        return;
      case 'assign':
        this.set(primitive.to, true);
        return;
      case 'hash':
        this.calculation(primitive.calculation);
        this.setAll(primitive.to, true);
        return;
      case 'meter':
      case 'registerRead':
      case 'random':
        for (const ref of primitive.to) {
          this.set(ref, isVariable(this.program, ref));
        }
        return;
      case 'assignVarbit':
        this.header(primitive.toVarbit);
        this.header(primitive.from);
        return;
      case 'assignHeader':
        this.header(primitive.to);
        this.header(primitive.from);
        this.copyMetadata(primitive.to, primitive.from);
        return;
      case 'addHeader':
      case 'removeHeader':
        this.header(primitive.header);
        return;
      case 'assignStack':
      case 'push':
      case 'pop':
      case 'addUnionStackSize':
      case 'copyUnionStackSize':
      case 'jump':
      case 'jumpIfZero':
      case 'exit':
      case 'nothing':
      case 'log':
      case 'assert':
      case 'markToDrop':
      case 'clone':
      case 'resubmit':
      case 'recirculate':
      case 'truncate':
      case 'count':
      case 'registerWrite':
        return;
      case 'digest':
        // What it holds is looked at when ingress ends, but is there from here on.
        this.expressions(
          at(this.program.learnLists, primitive.list).elements.map(({ value }) => value),
        );
    }
  }

  /** Only metadata is copied field by field. */
  private copyMetadata(to: HeaderRef, from: HeaderRef): void {
    const type = this.typeOf(to);
    const isSure = isMetadata(this.program, to) && isMetadata(this.program, from);
    if (isMetadata(this.program, to) || isMetadata(this.program, from)) {
      at(this.program.headerTypes, type).fields.forEach((_, field) => {
        this.visitor.read({ header: from, type, field });
        this.visitor.written({ header: to, type, field }, isSure);
      });
    }
  }

  calculation(index: number): void {
    for (const input of at(this.program.calculations, index).inputs) {
      this.input(input);
    }
  }

  input(input: CalculationInput): void {
    if (input.kind === 'field') {
      this.get(input.ref);
    } else if (input.kind === 'varbit') {
      this.header(input.header);
    } else if (input.kind === 'header') {
      const { type } = at(this.program.headers, input.header);
      this.visitor.readAll({ kind: 'instance', header: input.header }, type);
    }
  }

  transitionKey(key: TransitionKey): void {
    if (key.kind === 'field') {
      this.get(key.ref);
    } else if (key.kind === 'value') {
      this.expressions(key.value);
    }
  }

  /** What a table or a condition does itself, without the actions. */
  node(node: ControlNode): void {
    if (node.kind === 'conditional') {
      this.expressions(node.condition);
    } else if (node.kind === 'table') {
      this.expressions(node.keys.map(({ value }) => value));
      if (node.directMeter !== null) {
        this.set(node.directMeter.to, false);
      }
      if (node.profile !== null) {
        const { selector } = at(this.program.profiles, node.profile);
        if (selector !== null) {
          this.calculation(selector);
        }
      }
    }
  }

  get(ref: FieldRef): void {
    this.visitor.read(ref);
    this.header(ref.header);
  }

  set(ref: FieldRef, isSure: boolean): void {
    this.visitor.written(ref, isSure && ref.header.kind === 'instance');
    this.header(ref.header);
  }

  private setAll(target: Target, isSure: boolean): void {
    for (const ref of target) {
      this.set(ref, isSure);
    }
  }

  private header(ref: HeaderRef): void {
    if (ref.kind === 'element') {
      this.expressions(ref.index);
    }
  }

  expressions(roots: Expression | readonly Expression[]): void {
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
        this.visitor.readAll(e.ref, this.typeOf(e.ref));
        this.header(e.ref);
      }
      pending.push(...childrenOf(e));
    }
  }

  private typeOf(ref: HeaderRef): number {
    return ref.kind === 'instance'
      ? at(this.program.headers, ref.header).type
      : at(this.program.stacks, ref.stack).type;
  }
}

function primitiveExpressions(primitive: Primitive): readonly Expression[] {
  switch (primitive.kind) {
    case 'assign':
    case 'assignWide':
      return [primitive.value];
    case 'log':
      return primitive.values;
    case 'jumpIfZero':
    case 'assert':
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
