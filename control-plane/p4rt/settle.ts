/** What to make of updates that a switch refused. Pure. */
import { clone } from '@bufbuild/protobuf';
import { UpdateSchema, Update_Type, type Update } from '#protos/p4/v1/p4runtime_pb';
import { CODE, type UpdateOutcome } from './write-errors.js';

export interface RefusedUpdate {
  readonly update: Update;
  readonly outcome: UpdateOutcome;
}

export interface Settlement {
  /** The same objects by the operation that fits the switch's state. */
  readonly retry: Update[];
  /** Refused for a reason that another operation would not change. */
  readonly refused: RefusedUpdate[];
}

/**
 * The state that an update was made for may have changed: an insert of what is there becomes a
 * modify, a modify of what is not there an insert, and a delete of what is not there is done.
 */
export function settle(updates: readonly Update[], outcomes: readonly UpdateOutcome[]): Settlement {
  const retry: Update[] = [];
  const refused: RefusedUpdate[] = [];
  for (const [i, update] of updates.entries()) {
    const outcome = outcomes[i] ?? { code: CODE.unknown, message: 'no outcome' };
    if (outcome.code === CODE.ok) continue;
    const { type } = update;
    if (type === Update_Type.DELETE && outcome.code === CODE.notFound) continue;
    if (type === Update_Type.INSERT && outcome.code === CODE.alreadyExists) {
      retry.push(withType(update, Update_Type.MODIFY));
    } else if (type === Update_Type.MODIFY && outcome.code === CODE.notFound) {
      retry.push(withType(update, Update_Type.INSERT));
    } else {
      refused.push({ update, outcome });
    }
  }
  return { retry, refused };
}

function withType(update: Update, type: Update_Type): Update {
  const changed = clone(UpdateSchema, update);
  changed.type = type;
  return changed;
}
