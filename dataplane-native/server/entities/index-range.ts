import { status } from '@grpc/grpc-js';
import type { Index } from '#protos/p4/v1/p4runtime_pb';
import type { Outcome } from '../errors.js';
import { DONE, done, fail, invalid, outOfRange } from '../errors.js';

/** The cells of an array that an index names; all of them without one. Errors: INVALID_ARGUMENT for
 * a negative index, OUT_OF_RANGE beyond the array. */
export function cellRange(
  index: Index | undefined,
  array: { readonly name: string; readonly size: number },
): Outcome<{ readonly first: number; readonly count: number }> {
  if (index === undefined) return done({ first: 0, count: array.size });
  if (index.index < 0n) return invalid(`index ${index.index} is negative`);
  if (index.index >= BigInt(array.size)) {
    return outOfRange(`index ${index.index} is beyond '${array.name}', which has ${array.size}`);
  }
  return done({ first: Number(index.index), count: 1 });
}

/** Each is a message of some hundred octets in memory before it is sent. */
export const MAX_CELLS_READ = 1 << 19;

/** RESOURCE_EXHAUSTED: a read of so many cells would end the switch for want of memory. */
export function checkCells(count: number): Outcome<void> {
  if (count <= MAX_CELLS_READ) return DONE;
  const message = `${count} cells are more than one read gives (${MAX_CELLS_READ}): read by index`;
  return fail(status.RESOURCE_EXHAUSTED, message);
}
