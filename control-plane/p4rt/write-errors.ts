/**
 * What a failed Write says (P4Runtime 1.5, 12.2): the status UNKNOWN, and in
 * `grpc-status-details-bin` a google.rpc.Status that holds one p4.v1.Error per update, in order,
 * with OK for those that succeeded.
 */
import { fromBinary } from '@bufbuild/protobuf';
import { anyUnpack } from '@bufbuild/protobuf/wkt';
import { StatusSchema } from '#protos/google/rpc/status_pb';
import { ErrorSchema } from '#protos/p4/v1/p4runtime_pb';

/** google.rpc.Code, those that are told apart here. */
export const CODE = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  invalidArgument: 3,
  deadlineExceeded: 4,
  notFound: 5,
  alreadyExists: 6,
  permissionDenied: 7,
  failedPrecondition: 9,
  unimplemented: 12,
  unavailable: 14,
} as const;

const CODE_NAMES: readonly string[] = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
];

export function codeName(code: number): string {
  return CODE_NAMES[code] ?? `code ${code}`;
}

/** What became of one update. */
export interface UpdateOutcome {
  readonly code: number;
  readonly message: string;
}

/**
 * The outcome of each of `count` updates, or null when the details are missing or do not match, so
 * that nothing is known of any single one.
 */
export function decodeUpdateOutcomes(
  details: Uint8Array | undefined,
  count: number,
): readonly UpdateOutcome[] | null {
  if (details === undefined) return null;
  try {
    const status = fromBinary(StatusSchema, details);
    if (status.details.length !== count) return null;
    const outcomes: UpdateOutcome[] = [];
    for (const detail of status.details) {
      const error = anyUnpack(detail, ErrorSchema);
      if (error === undefined) return null;
      outcomes.push({ code: error.canonicalCode, message: error.message });
    }
    return outcomes;
  } catch {
    // Octets from the network that are no Status tell nothing; the gRPC status still stands.
    return null;
  }
}
