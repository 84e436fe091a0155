import { create, toBinary } from '@bufbuild/protobuf';
import { anyPack } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { CODE, decodeUpdateOutcomes } from '#p4rt/write-errors';
import { StatusSchema } from '#protos/google/rpc/status_pb';
import { ErrorSchema } from '#protos/p4/v1/p4runtime_pb';

function details(...codes: number[]): Uint8Array {
  return toBinary(
    StatusSchema,
    create(StatusSchema, {
      code: CODE.unknown,
      details: codes.map((canonicalCode) =>
        anyPack(ErrorSchema, create(ErrorSchema, { canonicalCode, message: `m${canonicalCode}` })),
      ),
    }),
  );
}

describe('the details of a failed write', () => {
  it('tell of each update, in order', () => {
    expect(decodeUpdateOutcomes(details(0, CODE.alreadyExists, 0), 3)).toEqual([
      { code: 0, message: 'm0' },
      { code: CODE.alreadyExists, message: 'm6' },
      { code: 0, message: 'm0' },
    ]);
  });

  it('tell nothing when there are more or fewer than updates', () => {
    expect(decodeUpdateOutcomes(details(0, 0), 3)).toBeNull();
    expect(decodeUpdateOutcomes(undefined, 3)).toBeNull();
  });

  it('tell nothing when they are no Status, or hold another message', () => {
    expect(decodeUpdateOutcomes(Uint8Array.of(0xff, 0xff, 0xff), 1)).toBeNull();
    const other = create(StatusSchema, { details: [anyPack(StatusSchema, create(StatusSchema))] });
    expect(decodeUpdateOutcomes(toBinary(StatusSchema, other), 1)).toBeNull();
  });
});
