import { status } from '@grpc/grpc-js';
import { create } from '@bufbuild/protobuf';
import { encodeBytestring } from '#p4rt/bytestring';
import type { Index } from '#protos/p4/v1/p4runtime_pb';
import { IndexSchema } from '#protos/p4/v1/p4runtime_pb';
import type { Outcome } from '../errors.js';
import { DONE, done, fail, invalid, outOfRange } from '../errors.js';
import type { Translation } from '../program/translation.js';

/** An array of cells: counters, meters, registers. */
export interface CellArray {
  readonly layout: { readonly name: string; readonly size: number };
  /** What controllers number its cells by, where that is a translated port (specification 1.5, "Using
   * Port as an Index"). */
  readonly indexType: Translation | null;
}

/** The cells of an array that an index names; all of them without one. Errors: INVALID_ARGUMENT for
 * a negative index, OUT_OF_RANGE beyond the array. */
export function cellRange(
  index: Index | undefined,
  { layout, indexType }: CellArray,
): Outcome<{ readonly first: number; readonly count: number }> {
  const { name, size } = layout;
  if (index === undefined) return done({ first: 0, count: size });
  if (index.index < 0n) return invalid(`index ${index.index} is negative`);
  const octets = encodeBytestring(index.index);
  const cell =
    indexType === null ? done(index.index) : indexType.encode(octets, `index of '${name}'`);
  if (!cell.ok) return cell;
  return cell.value < BigInt(size)
    ? done({ first: Number(cell.value), count: 1 })
    : outOfRange(`index ${index.index} is beyond '${name}', which has ${size}`);
}

/** The index of a cell as the controller knows it. */
export function cellIndex({ indexType }: CellArray, cell: number): Index {
  const value = BigInt(cell);
  const index = indexType === null ? value : numberOf(indexType.decode(value));
  return create(IndexSchema, { index });
}

function numberOf(octets: Uint8Array): bigint {
  return octets.reduce((value, octet) => (value << 8n) | BigInt(octet), 0n);
}

/** Each is a message of some hundred octets in memory before it is sent. */
export const MAX_CELLS_READ = 1 << 19;

/** RESOURCE_EXHAUSTED: a read of so many cells would end the switch for want of memory. */
export function checkCells(count: number): Outcome<void> {
  if (count <= MAX_CELLS_READ) return DONE;
  const message = `${count} cells are more than one read gives (${MAX_CELLS_READ}): read by index`;
  return fail(status.RESOURCE_EXHAUSTED, message);
}
