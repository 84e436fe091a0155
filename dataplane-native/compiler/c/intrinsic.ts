/**
 * The header that is bound to the engine: which of its fields are struct tp_packet's own, so that
 * nothing has to be copied, and which are kept as any header's.
 */
import type { FieldRef, HeaderRef, Pipeline, Primitive, Program } from '../model.js';
import { at } from '../scope.js';
import { AccessWalk } from './accesses.js';

/** What egress writes for the engine. */
export const OUTPUTS: ReadonlyMap<string, string> = new Map([
  ['residence_start_ns', 'packet->deferred.start_ns'],
  ['correction_offset', 'packet->deferred.correction_offset'],
  ['checksum_offset', 'packet->deferred.checksum_offset'],
  ['rate_offset', 'packet->deferred.rate_offset'],
  ['event_request', 'packet->event.request'],
  ['wait_ns', 'packet->event.wait_ns'],
]);

/** What the engine says of the pass. */
export const INPUTS: ReadonlyMap<string, string> = new Map([
  ['event', 'packet->event.kind'],
  ['event_time_ns', 'packet->event.time_ns'],
  ['event_correction', 'packet->event.correction'],
]);

/** C has it as a signed number, so it cannot be read as the program's field. */
const SIGNED = 'rate_offset';

const known = new WeakMap<Program, ReadonlySet<string>>();

/** The member of struct tp_packet that an intrinsic field is, as an lvalue, or null. */
export function boundMember(
  program: Program,
  { type, field }: Pick<FieldRef, 'type' | 'field'>,
): string | null {
  const bound = known.get(program) ?? boundNames(program);
  known.set(program, bound);
  const { name } = at(at(program.headerTypes, type).fields, field);
  return bound.has(name) ? (OUTPUTS.get(name) ?? INPUTS.get(name) ?? null) : null;
}

function isIntrinsic(program: Program, ref: HeaderRef): boolean {
  return ref.kind === 'instance' && at(program.headers, ref.header).role === 'intrinsic';
}

/**
 * The engine clears the outputs between ingress and egress, and the inputs are its own. What ingress
 * writes to, what goes from frame to frame, and headers that are copied as a whole stay apart.
 */
function boundNames(program: Program): ReadonlySet<string> {
  const bound = new Set([...OUTPUTS.keys(), ...INPUTS.keys()]);
  const unbind = ({ header, type, field }: FieldRef): void => {
    if (isIntrinsic(program, header)) {
      bound.delete(at(at(program.headerTypes, type).fields, field).name);
    }
  };
  const nothing = (): void => undefined;
  const visitor = { read: nothing, written: unbind, readAll: nothing };
  const early = new AccessWalk(program, visitor);
  for (const op of program.parser.states.flatMap(({ ops }) => ops)) early.parserOp(op);
  for (const primitive of primitivesOf(program, program.ingress)) early.primitive(primitive);
  for (const ref of program.fieldLists.flatMap(({ fields }) => fields)) unbind(ref);
  const late = new AccessWalk(program, {
    ...visitor,
    read: (ref) => {
      if (at(at(program.headerTypes, ref.type).fields, ref.field).name === SIGNED) unbind(ref);
    },
    written: (ref) => {
      if (INPUTS.has(at(at(program.headerTypes, ref.type).fields, ref.field).name)) unbind(ref);
    },
  });
  const egress = [...primitivesOf(program, program.egress), ...program.deparserCode];
  for (const primitive of egress) late.primitive(primitive);
  for (const node of [...program.ingress.nodes, ...program.egress.nodes]) late.node(node);
  const all = [...egress, ...primitivesOf(program, program.ingress)];
  return all.some((primitive) => copiesIntrinsic(program, primitive)) ? new Set() : bound;
}

function primitivesOf(program: Program, pipeline: Pipeline): readonly Primitive[] {
  const actions = pipeline.nodes.flatMap((node) => {
    if (node.kind === 'conditional') return [];
    if (node.kind === 'call') return [node.action];
    return node.defaultEntry === null ? node.actions : [...node.actions, node.defaultEntry.action];
  });
  return actions.flatMap((action) => at(program.actions, action).primitives);
}

function copiesIntrinsic(program: Program, primitive: Primitive): boolean {
  if (primitive.kind === 'sequence') {
    return primitive.primitives.some((part) => copiesIntrinsic(program, part));
  }
  return (
    primitive.kind === 'assignHeader' &&
    (isIntrinsic(program, primitive.to) || isIntrinsic(program, primitive.from))
  );
}
