/** Learned addresses: digests in, updates for the switch out. No I/O. */
import { MacTable, type MacChange } from '#dataplane/mac-table';
import { vlansOf } from '#dataplane/port-entries';
import type { SwitchSettings } from '#dataplane/settings';
import {
  destinationEntry,
  sourceEntry,
  stationEntryKey,
  type Station,
} from '#dataplane/station-entries';
import { decodeDigest, decodeTableEntry } from '#p4rt/decode';
import { type Entity } from '#p4rt/entities';
import type { P4InfoIndex } from '#p4rt/p4info';
import { insert, modify, remove, type Update } from '#p4rt/reconcile';
import type { DigestList } from '#protos/p4/v1/p4runtime_pb';
import { macFromBits, parsePortNumber, parseVlanId, portValue, vlanValue } from '#units/identity';
import type { Instant, Nanoseconds } from '#units/time';

export interface LearningOptions {
  readonly index: P4InfoIndex;
  readonly settings: SwitchSettings;
  readonly aging: Nanoseconds;
  readonly maxEntries: number;
}

/** An update and whom it is about. */
export interface StationUpdate {
  readonly update: Update;
  readonly station: Station;
}

export class Learning {
  readonly table: MacTable;
  /** Digest messages that could not be read. */
  undecodable = 0;
  readonly #index: P4InfoIndex;

  constructor(options: LearningOptions) {
    this.#index = options.index;
    const members = new Set(
      options.settings.ports.flatMap((port) =>
        vlansOf(port).map((vlan) => `${portValue(port.number)}/${vlanValue(vlan)}`),
      ),
    );
    this.table = new MacTable({
      aging: options.aging,
      maxEntries: options.maxEntries,
      isMember: ({ port, vlan }) => members.has(`${portValue(port)}/${vlanValue(vlan)}`),
    });
  }

  heard(list: DigestList, now: Instant): StationUpdate[] {
    return list.data.flatMap((data) => {
      const decoded = decodeDigest(this.#index, list.digestId, data);
      const station = decoded.ok ? stationOf(decoded.value) : null;
      if (station === null) {
        this.undecodable += 1;
        return [];
      }
      return this.#updates(this.table.learn(station, now));
    });
  }

  aged(now: Instant): StationUpdate[] {
    return this.#updates(this.table.age(now));
  }

  /** Takes over what an earlier agent left on the switch. */
  adopt(actual: readonly Entity[], now: Instant): number {
    const sources = new Set<string>();
    const stations: { key: string; station: Station }[] = [];
    for (const { entity } of actual) {
      if (entity.case !== 'tableEntry') continue;
      const entry = decodeTableEntry(this.#index, entity.value);
      if (!entry.ok) continue;
      const { vid, mac } = entry.value.match;
      const { port } = entry.value.action.params;
      if (typeof vid !== 'bigint' || typeof mac !== 'bigint' || port === undefined) continue;
      const key = `${vid}/${mac}/${port}`;
      if (entry.value.table.endsWith('source_mac')) sources.add(key);
      const station = stationOf({ vid, mac, port });
      if (station !== null && entry.value.table.endsWith('destination_mac')) {
        stations.push({ key, station });
      }
    }
    return stations.filter(({ key, station }) => this.table.adopt(station, sources.has(key), now))
      .length;
  }

  /** All entries that the table stands for. */
  entities(): Entity[] {
    return [
      ...this.table.stations().map((station) => built(destinationEntry(this.#index, station))),
      ...this.table.knownSources().map((station) => built(sourceEntry(this.#index, station))),
    ];
  }

  #updates(changes: readonly MacChange[]): StationUpdate[] {
    return changes.map((change) => ({ update: this.#update(change), station: change.station }));
  }

  #update({ operation, table, station }: MacChange): Update {
    if (operation === 'delete') return remove(built(stationEntryKey(this.#index, table, station)));
    const entity = built(
      table === 'source_mac'
        ? sourceEntry(this.#index, station)
        : destinationEntry(this.#index, station),
    );
    return operation === 'insert' ? insert(entity) : modify(entity);
  }
}

function stationOf(message: Readonly<Record<string, bigint>>): Station | null {
  const vlan = parseVlanId(Number(message['vid']));
  const port = parsePortNumber(Number(message['port']));
  const mac = message['mac'];
  if (!vlan.ok || !port.ok || mac === undefined) return null;
  return { vlan: vlan.value, port: port.value, mac: macFromBits(mac) };
}

/** The desired state was built from the same P4Info before anything was learned. */
function built(entity: ReturnType<typeof sourceEntry>): Entity {
  if (!entity.ok) throw new Error(`the P4Info changed under us: ${entity.error.message}`);
  return entity.value;
}
