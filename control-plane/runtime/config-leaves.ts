/** What the schemas of the configuration are made of. Each leaf says in words what it expects. */
import { z } from 'zod';

/** `expected` completes "expected …"; `choices` are for suggestions. */
export function leaf<Value>(
  test: (value: unknown) => boolean,
  expected: string,
  choices: readonly string[] = [],
) {
  return z.custom<Value>(test, { error: expected, params: { choices } });
}

export function integer(low: number, high: number) {
  return leaf<number>(
    (value) => isInteger(value) && value >= low && value <= high,
    `an integer from ${low} to ${high}`,
  );
}

export function oneOf<Choice extends string>(choices: readonly Choice[]) {
  return leaf<Choice>(
    (value) => typeof value === 'string' && (choices as readonly string[]).includes(value),
    choices.map((choice) => `"${choice}"`).join(' or '),
    choices,
  );
}

export function yesOrNo() {
  return leaf<boolean>((value) => typeof value === 'boolean', 'true or false');
}

/** `none` or an integer. */
export function integerOrNone(low: number, high: number) {
  return leaf<number | 'none'>(
    (value) => value === 'none' || (isInteger(value) && value >= low && value <= high),
    `an integer from ${low} to ${high}, or "none"`,
    ['none'],
  );
}

/** A text that `test` understands. */
export function text(test: (value: string) => boolean, expected: string) {
  return leaf<string>((value) => typeof value === 'string' && test(value), expected);
}

/** `none`, which is null, or what `shape` says. */
export function mappingOrNone<Shape extends z.ZodRawShape>(shape: Shape) {
  const mapping = z.strictObject(shape, {
    error: (issue) => (issue.code === 'invalid_type' ? '"none" or a mapping' : undefined),
  });
  return z.preprocess((value) => (value === 'none' ? null : value), mapping.nullable());
}

function isInteger(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value);
}
