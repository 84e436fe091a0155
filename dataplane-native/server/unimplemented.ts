/** What of P4Runtime 1.5 this server does not do yet, as data: README and tests quote it. */
import { status } from '@grpc/grpc-js';
import type { P4Error } from './errors.js';

export const UNIMPLEMENTED = {
  externs: {
    what: 'extern entries',
    why: 'no extern beyond v1model’s has state for the controller',
  },
  stringParts: {
    what: 'LPM, ternary and range matches of, and indices by, values translated to strings (sdn_string)',
    why: 'no prefix, mask or range of a name means anything, and an index of the protocol is a number',
  },
  dataTypes: {
    what: 'digests that carry header unions or varbits',
    why: 'p4c puts their fields in the digest, and not which header is valid or how long one is',
  },
} as const satisfies Readonly<Record<string, { readonly what: string; readonly why: string }>>;

export type Unimplemented = keyof typeof UNIMPLEMENTED;

export function unimplementedError(feature: Unimplemented): P4Error {
  const { what, why } = UNIMPLEMENTED[feature];
  return { code: status.UNIMPLEMENTED, message: `not implemented: ${what} (${why})` };
}

export function unimplemented(feature: Unimplemented): {
  readonly ok: false;
  readonly error: P4Error;
} {
  return { ok: false, error: unimplementedError(feature) };
}
