/** What simple_switch_grpc's P4Runtime cannot write, for simple_switch_CLI. */
import type { P4Info } from '#protos/p4/config/v1/p4info_pb';
import type { Update } from '#protos/p4/v1/p4runtime_pb';

/** Null: it has no command. */
export function commandOf(info: P4Info, { entity }: Update): string | null {
  if (entity?.entity.case !== 'registerEntry') return null;
  const { registerId, index, data } = entity.entity.value;
  if (index === undefined || data?.data.case !== 'bitstring') return null;
  const found = info.registers.find(({ preamble }) => preamble?.id === registerId);
  const value = BigInt(`0x0${Buffer.from(data.data.value).toString('hex')}`);
  return `register_write ${found?.preamble?.name ?? ''} ${index.index} ${value}`;
}
