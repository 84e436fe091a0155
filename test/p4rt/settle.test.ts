import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { buildCloneSession } from '#p4rt/entities';
import { insert, modify, remove } from '#p4rt/reconcile';
import { settle } from '#p4rt/settle';
import { CODE } from '#p4rt/write-errors';
import { EntitySchema, Update_Type } from '#protos/p4/v1/p4runtime_pb';

const entity = buildCloneSession(1, 510);
const outcome = (code: number) => ({ code, message: '' });

describe('a refused update', () => {
  it.each([
    ['an insert of what is there is modified', insert, CODE.alreadyExists, Update_Type.MODIFY],
    ['a modify of what is not there is inserted', modify, CODE.notFound, Update_Type.INSERT],
  ])('%s', (_what, make, code, type) => {
    const { retry, refused } = settle([make(entity)], [outcome(code)]);
    expect(retry.map((update) => update.type)).toEqual([type]);
    expect(refused).toEqual([]);
  });

  it('a delete of what is not there is done', () => {
    expect(settle([remove(entity)], [outcome(CODE.notFound)])).toEqual({ retry: [], refused: [] });
  });

  it('for any other reason stays refused, and those that were taken are left alone', () => {
    const updates = [insert(entity), insert(create(EntitySchema)), remove(entity)];
    const outcomes = [outcome(CODE.ok), outcome(CODE.invalidArgument), outcome(CODE.ok)];
    expect(settle(updates, outcomes)).toEqual({
      retry: [],
      refused: [{ update: updates[1], outcome: outcomes[1] }],
    });
  });
});
