/** Learned stations in entities of the P4 program. Pure. */
import { buildTableEntry, buildTableKey, type Entity, type EntityErrorCode } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import {
  macBits,
  portValue,
  vlanValue,
  type MacAddress,
  type PortNumber,
  type VlanId,
} from '#units/identity';
import type { Result } from '#units/result';

/** Where an address was seen. */
export interface Station {
  readonly vlan: VlanId;
  readonly mac: MacAddress;
  readonly port: PortNumber;
}

/** The entry that knows a source: its frames send no digest. */
export function sourceEntry(index: P4InfoIndex, station: Station): Result<Entity, EntityErrorCode> {
  return buildTableEntry(index, {
    table: 'source_mac',
    match: stationKey(station),
    action: { name: 'known_on', params: { port: BigInt(portValue(station.port)) } },
  });
}

/** The entry that forwards to a station. */
export function destinationEntry(
  index: P4InfoIndex,
  station: Station,
): Result<Entity, EntityErrorCode> {
  return buildTableEntry(index, {
    table: 'destination_mac',
    match: stationKey(station),
    action: { name: 'forward_to', params: { port: BigInt(portValue(station.port)) } },
  });
}

export function stationEntryKey(
  index: P4InfoIndex,
  table: 'source_mac' | 'destination_mac',
  station: Station,
): Result<Entity, EntityErrorCode> {
  return buildTableKey(index, { table, match: stationKey(station) });
}

function stationKey(station: Station): Record<string, bigint> {
  return { vid: BigInt(vlanValue(station.vlan)), mac: macBits(station.mac) };
}
