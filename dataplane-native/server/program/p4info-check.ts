/** Whether a P4Info is one by itself (specification 1.5, "The P4Info Message"), whatever the program. */
import type { P4Info, Preamble } from '#protos/p4/config/v1/p4info_pb';
import { P4Ids_Prefix as Prefix } from '#protos/p4/config/v1/p4info_pb';
import type { Outcome } from '../errors.js';
import { DONE, invalid } from '../errors.js';
import { label } from './program-names.js';

/** Errors: INVALID_ARGUMENT with what is wrong. */
export function checkP4Info(info: P4Info): Outcome<void> {
  for (const check of [checkObjects, checkParts, checkProfiles]) {
    const checked = check(info);
    if (!checked.ok) return checked;
  }
  const [extern] = info.externs;
  if (extern !== undefined) {
    return invalid(
      `the P4Info has the extern type '${extern.externTypeName}', not one of v1model's`,
    );
  }
  return info.controllerPacketMetadata.length > 2
    ? invalid('the P4Info has more than a packet_in and a packet_out')
    : DONE;
}

type Objects = readonly { readonly preamble?: Preamble | undefined }[];

/** Each id is there once and says what has it, and each name is once among its kind. */
function checkObjects(info: P4Info): Outcome<void> {
  const ids = new Set<number>();
  const kinds: readonly (readonly [string, Prefix, Objects])[] = [
    ['table', Prefix.TABLE, info.tables],
    ['action', Prefix.ACTION, info.actions],
    ['action profile', Prefix.ACTION_PROFILE, info.actionProfiles],
    ['value set', Prefix.VALUE_SET, info.valueSets],
    ['counter', Prefix.COUNTER, info.counters],
    ['direct counter', Prefix.DIRECT_COUNTER, info.directCounters],
    ['meter', Prefix.METER, info.meters],
    ['direct meter', Prefix.DIRECT_METER, info.directMeters],
    ['register', Prefix.REGISTER, info.registers],
    ['digest', Prefix.DIGEST, info.digests],
  ];
  for (const [kind, prefix, objects] of kinds) {
    const names = new Set<string>();
    for (const { preamble } of objects) {
      const id = preamble?.id ?? 0;
      const name = label(preamble);
      if (id === 0) return invalid(`the P4Info's ${kind} '${name}' has no id`);
      if (id >>> 24 !== Number(prefix)) {
        const begin = `0x${Number(prefix).toString(16).padStart(2, '0')}`;
        return invalid(
          `the P4Info's ${kind} '${name}' has the id ${id}, not one with ${begin} first`,
        );
      }
      if (ids.has(id)) return invalid(`the P4Info has the id ${id} twice`);
      if (names.has(name)) return invalid(`the P4Info has the ${kind} '${name}' twice`);
      ids.add(id);
      names.add(name);
    }
  }
  return DONE;
}

/** Fields and parameters have ids of their own within what they belong to. */
function checkParts(info: P4Info): Outcome<void> {
  type Owner = readonly [string, Preamble | undefined, readonly { readonly id: number }[]];
  const owners: readonly Owner[] = [
    ...info.tables.map(({ preamble, matchFields }): Owner => ['table', preamble, matchFields]),
    ...info.actions.map(({ preamble, params }): Owner => ['action', preamble, params]),
    ...info.valueSets.map(({ preamble, match }): Owner => ['value set', preamble, match]),
    ...info.controllerPacketMetadata.map((of): Owner => ['header', of.preamble, of.metadata]),
  ];
  for (const [kind, preamble, parts] of owners) {
    const ids = parts.map(({ id }) => id);
    const twice = ids.find((id, i) => ids.indexOf(id) !== i);
    if (twice !== undefined) {
      return invalid(`the P4Info's ${kind} '${label(preamble)}' has the id ${twice} twice`);
    }
  }
  return DONE;
}

function checkProfiles({ actionProfiles }: P4Info): Outcome<void> {
  for (const { preamble, maxGroupSize, size, withSelector } of actionProfiles) {
    if (BigInt(maxGroupSize) <= size && (withSelector || maxGroupSize === 0)) continue;
    const most = withSelector ? `its size is ${size}` : 'it has no selector';
    return invalid(
      `the P4Info's action profile '${label(preamble)}' has a max_group_size of ${maxGroupSize}, and ${most}`,
    );
  }
  return DONE;
}
