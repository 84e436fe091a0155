/** CounterData between messages and the engine. */
import { create } from '@bufbuild/protobuf';
import type { CounterData } from '#protos/p4/v1/p4runtime_pb';
import { CounterDataSchema } from '#protos/p4/v1/p4runtime_pb';
import type { CounterValue } from '../engine-port.js';
import type { Outcome } from '../errors.js';
import { DONE, invalid } from '../errors.js';

export function checkCounterData(data: CounterData | undefined): Outcome<void> {
  if (data !== undefined && (data.byteCount < 0n || data.packetCount < 0n)) {
    return invalid('a counter cannot be negative');
  }
  return DONE;
}

export function counterValueOf(data: CounterData): CounterValue {
  return { packets: data.packetCount, octets: data.byteCount };
}

/** Counts are int64 in messages and wrap as such. */
export function counterDataOf(value: CounterValue): CounterData {
  return create(CounterDataSchema, {
    packetCount: BigInt.asIntN(64, value.packets),
    byteCount: BigInt.asIntN(64, value.octets),
  });
}
