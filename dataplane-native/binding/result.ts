/** The codes of engine.h's `enum tp_error`, by their position below zero. */
export const ENGINE_ERROR_CODES = [
  'NO_MEMORY',
  'NO_SUCH_INTERFACE',
  'NO_PERMISSION',
  'PORT_IN_USE',
  'NO_SUCH_PORT',
  'BAD_PIPELINE',
  'NO_PIPELINE',
  'NOT_FOUND',
  'EXISTS',
  'FULL',
  'OUT_OF_RANGE',
  'BAD_STATE',
  'SYSTEM',
] as const;

export type EngineErrorCode = (typeof ENGINE_ERROR_CODES)[number];

/** `message` is for an operator: what is wrong and what to do about it. */
export interface EngineFailure {
  readonly code: EngineErrorCode;
  readonly message: string;
}

export type EngineResult<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: EngineFailure };

export function succeed<T>(value: T): { readonly ok: true; readonly value: T } {
  return { ok: true, value };
}

export function fail(
  code: EngineErrorCode,
  message: string,
): { readonly ok: false; readonly error: EngineFailure } {
  return { ok: false, error: { code, message } };
}

/** The code of a negative return value. An unknown one is a bug on one of the two sides. */
export function errorCodeOf(returned: number): EngineErrorCode {
  const code = ENGINE_ERROR_CODES[-returned - 1];
  if (code === undefined) throw new RangeError(`the engine returned ${returned}`);
  return code;
}

const DEFAULT_MESSAGES: Readonly<Record<EngineErrorCode, string>> = {
  NO_MEMORY: 'not enough memory',
  NO_SUCH_INTERFACE: 'no such interface',
  NO_PERMISSION: 'no permission',
  PORT_IN_USE: 'the port is in use',
  NO_SUCH_PORT: 'no such port',
  BAD_PIPELINE: 'the pipeline cannot be loaded',
  NO_PIPELINE: 'no pipeline is loaded',
  NOT_FOUND: 'not found',
  EXISTS: 'it exists already',
  FULL: 'there is no room for more',
  OUT_OF_RANGE: 'an index or value is out of range',
  BAD_STATE: 'not possible in this state',
  SYSTEM: 'the operating system refused',
};

export function defaultMessage(code: EngineErrorCode): string {
  return DEFAULT_MESSAGES[code];
}
