/** An expected failure: a stable code for programs, a message for people. */
export interface Failure<Code extends string = string> {
  readonly code: Code;
  readonly message: string;
}

/** A value, or why there is none. Exceptions are kept for bugs. */
export type Result<Value, Code extends string = string> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: Failure<Code> };

export function success<Value>(value: Value): { readonly ok: true; readonly value: Value } {
  return { ok: true, value };
}

export function failure<Code extends string>(
  code: Code,
  message: string,
): { readonly ok: false; readonly error: Failure<Code> } {
  return { ok: false, error: { code, message } };
}
