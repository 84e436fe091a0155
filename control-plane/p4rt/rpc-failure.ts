/** Why a call to a switch failed: a code for programs, words for the operator. */
import type { ServiceError } from '@grpc/grpc-js';
import { CODE, codeName } from './write-errors.js';

export type RpcErrorCode = 'rpc-failed' | 'rpc-unavailable' | 'rpc-not-primary';

export interface UnaryFailure {
  readonly code: RpcErrorCode;
  readonly message: string;
  readonly status: number;
  readonly details: Uint8Array | undefined;
}

export type UnaryResult<Response> =
  | { readonly ok: true; readonly value: Response }
  | { readonly ok: false; readonly error: UnaryFailure };

export function unaryFailure(address: string, error: ServiceError | null): UnaryFailure {
  if (error === null) {
    return {
      code: 'rpc-failed',
      message: `${address} gave no answer`,
      status: CODE.unknown,
      details: undefined,
    };
  }
  const details = error.metadata.get('grpc-status-details-bin')[0];
  return {
    code: rpcCode(error),
    message: describe(address, error),
    status: error.code,
    details: details instanceof Uint8Array ? details : undefined,
  };
}

export function rpcCode(error: ServiceError): RpcErrorCode {
  const status: number = error.code;
  if (status === CODE.unavailable || status === CODE.cancelled) return 'rpc-unavailable';
  return status === CODE.permissionDenied ? 'rpc-not-primary' : 'rpc-failed';
}

/** What the operator reads about a call to `address`. */
export function describe(address: string, error: ServiceError): string {
  const status: number = error.code;
  if (status === CODE.unavailable) {
    return `no P4Runtime switch answers at ${address} (${plainDetails(error.details)})`;
  }
  if (status === CODE.cancelled) return `the connection to ${address} was closed`;
  if (status === CODE.deadlineExceeded) return `${address} does not answer in time`;
  return `${address} answers ${codeName(status)}: ${error.details}`;
}

/** Without what grpc-js puts around the system's own words. */
function plainDetails(details: string): string {
  return (
    details
      .replace(/^No connection established\. Last error: /, '')
      .replace(/^Error: /, '')
      .replace(/\.? Resolution note: .*$/, '')
      .replace(/^Protocol error\b/, 'what listens there does not speak gRPC')
      // One reason has to be one text, or each try would be news.
      .replace(/ \(\d{4}-\d\d-\d\dT[\d:.]+Z\)$/, '')
  );
}
