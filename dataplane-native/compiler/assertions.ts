/** The assertions of a program, in the order of their numbers: parser, actions, deparser. */
import type { Primitive, Program } from './model.js';

export type Assertion = Primitive & { readonly kind: 'assert' };

const known = new WeakMap<Program, readonly Assertion[]>();

export function assertionsOf(program: Program): readonly Assertion[] {
  const list = known.get(program) ?? [
    ...assertionsOfParser(program),
    ...[...program.actions.flatMap(({ primitives }) => primitives), ...program.deparserCode].filter(
      isAssertion,
    ),
  ];
  known.set(program, list);
  return list;
}

export function assertionsOfParser({ parser }: Program): readonly Assertion[] {
  return parser.states
    .flatMap(({ ops }) => ops)
    .flatMap((op) => (op.kind === 'primitive' ? [op.primitive] : []))
    .filter(isAssertion);
}

/** What a failed assertion is called to people: what it says, and where. */
export function assertionText(program: Program, { which, path, source }: Assertion): string {
  return `${which} at ${program.sources.get(path) ?? source ?? path}`;
}

function isAssertion(primitive: Primitive): primitive is Assertion {
  return primitive.kind === 'assert';
}
