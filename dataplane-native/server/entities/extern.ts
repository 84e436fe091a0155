/** ExternEntry (specification 1.5, section of that name): those of v1model have entities of their own,
 * and a P4Info with any other is refused, so that none is ever there. */
import type { ExternEntry } from '#protos/p4/v1/p4runtime_pb';
import type { Outcome } from '../errors.js';
import { invalid, notFound } from '../errors.js';

export function noExtern({ externTypeId }: ExternEntry): Outcome<never> {
  return externTypeId === 0
    ? invalid('extern_type_id is not set')
    : notFound(`the P4Info has no extern type with the id ${externTypeId}`);
}
