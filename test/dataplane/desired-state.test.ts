import { describe, expect, it } from 'vitest';
import { desiredState } from '#dataplane/desired-state';
import type { SwitchSettings } from '#dataplane/settings';
import { decodeTableEntry } from '#p4rt/decode';
import { type EntrySpec } from '#p4rt/entities';
import { reconcile } from '#p4rt/reconcile';
import { Update_Type, type Entity } from '#protos/p4/v1/p4runtime_pb';
import { vlanId } from '#units/identity';
import { milliseconds, scaledFromNumber } from '#units/time';
import { programIndex } from '../support/program.js';
import { NO_TIMING, port, settings } from '../support/settings.js';

const index = programIndex();

function desired(wanted: SwitchSettings): Entity[] {
  const state = desiredState(index, wanted, { txEvents: 'engine' });
  if (!state.ok) throw new Error(state.error.message);
  return state.value;
}

function entriesOf(entities: readonly Entity[], table: string): EntrySpec[] {
  return entities
    .map(({ entity }) => entity)
    .filter((entity) => entity.case === 'tableEntry')
    .map((entity) => decodeTableEntry(index, entity.value))
    .map((decoded) => {
      if (!decoded.ok) throw new Error(decoded.error.message);
      return decoded.value;
    })
    .filter((entry) => entry.table.endsWith(`.${table}`));
}

describe('the desired state', () => {
  const state = desired(
    settings(
      port(1),
      port(2, { ptp: 'off', taggedVlans: [vlanId(10)] }),
      port(3, { nativeVlan: null, taggedVlans: [vlanId(10)], ptpPriority: 5 }),
    ),
  );

  it('has each port with its mode, its own slot and its priority', () => {
    expect(
      entriesOf(state, 'port').map(({ match, action }) => [match, action.params]),
    ).toMatchObject([
      [{ ingress_port: 1n }, { ptp_mode: 1n, slot: 0n, ptp_priority: 0n }],
      [{ ingress_port: 2n }, { ptp_mode: 0n, slot: 1n, ptp_priority: 0n }],
      [{ ingress_port: 3n }, { ptp_mode: 1n, slot: 2n, ptp_priority: 5n }],
    ]);
  });

  it('names the instances that a port treats in another way, in both directions', () => {
    const special = desired(
      settings(port(7, { instances: [{ domainNumber: 24, sdoId: 0x100, ptp: 'blocked' }] })),
    );
    const instance = { sdo_id: 0x100n, domain_number: 24n };
    const said = (table: string) =>
      entriesOf(special, table).map(({ match, action }) => [match, action.params]);
    expect(said('ingress_instance')).toEqual([
      [{ ingress_port: 7n, ...instance }, { ptp_mode: 2n }],
    ]);
    expect(said('egress_instance')).toEqual([[{ egress_port: 7n, ...instance }, { ptp_mode: 2n }]]);
  });

  it('has no timing entry for a port that adds nothing', () => {
    expect(entriesOf(state, 'ingress_timing')).toEqual([]);
    expect(entriesOf(state, 'egress_timing')).toEqual([]);
  });

  it('writes what a port adds, scaled and in two’s complement, on the side that it belongs to', () => {
    const timed = desired(
      settings(
        port(1, {
          timing: {
            ingressLatency: scaledFromNumber(20.5),
            egressLatency: scaledFromNumber(30),
            delayAsymmetry: scaledFromNumber(-1.25),
            residenceLimit: milliseconds(5),
          },
        }),
        port(2, { timing: { ...NO_TIMING, residenceLimit: milliseconds(1) } }),
      ),
    );
    const asymmetry = (1n << 64n) - 0x1_4000n;
    expect(entriesOf(timed, 'ingress_timing').map(({ action }) => action.params)).toMatchObject([
      { latency: 0x14_8000n, asymmetry },
    ]);
    expect(entriesOf(timed, 'egress_timing').map(({ action }) => action.params)).toMatchObject([
      { latency: 0x1e_0000n, asymmetry, residence_limit_ns: 5_000_000n },
      { latency: 0n, asymmetry: 0n, residence_limit_ns: 1_000_000n },
    ]);
  });

  it('admits untagged and priority-tagged frames to the native VLAN, and members with their tag', () => {
    const admitted = entriesOf(state, 'vlan_admission')
      .filter(({ match }) => match['ingress_port'] === 2n)
      .map(({ match, action }) => [match['tagged'], match['vid'], action.params['vid']]);
    expect(admitted).toEqual([
      [0n, 0n, 1n],
      [1n, 0n, 1n],
      [1n, 1n, 1n],
      [1n, 10n, 10n],
    ]);
  });

  it('without a native VLAN admits nothing untagged', () => {
    const admitted = entriesOf(state, 'vlan_admission').filter(
      ({ match }) => match['ingress_port'] === 3n,
    );
    expect(admitted.map(({ match }) => match['tagged'])).toEqual([1n]);
  });

  it('delivers the native VLAN without a tag and others with it, in the egress mode', () => {
    expect(
      entriesOf(state, 'vlan_delivery').map(({ match, action }) => [
        match['egress_port'],
        match['vid'],
        action.name.split('.').at(-1),
        action.params['ptp_mode'],
        action.params['slot'],
      ]),
    ).toEqual([
      [1n, 1n, 'send_untagged', 1n, 0n],
      [2n, 1n, 'send_untagged', 0n, 1n],
      [2n, 10n, 'send_tagged', 0n, 1n],
      [3n, 10n, 'send_tagged', 1n, 2n],
    ]);
  });

  it('floods each VLAN to its ports', () => {
    const groups = state
      .map(({ entity }) => entity)
      .filter((entity) => entity.case === 'packetReplicationEngineEntry')
      .map((entity) => entity.value.type)
      .filter((type) => type.case === 'multicastGroupEntry')
      .map(({ value }) => [
        value.multicastGroupId,
        value.replicas.map(({ portKind }) => portKind.value),
      ]);
    expect(groups).toEqual([
      [1, [Uint8Array.of(1), Uint8Array.of(2)]],
      [10, [Uint8Array.of(2), Uint8Array.of(3)]],
    ]);
    expect(entriesOf(state, 'flood_group').map(({ action }) => action.params)).toEqual([
      { group: 1n },
      { group: 10n },
    ]);
  });

  it('passes malformed messages only where that is asked for', () => {
    expect(entriesOf(state, 'malformed_policy')).toEqual([]);
    const tolerant = settings(port(1));
    const passing = desired({
      ...tolerant,
      malformed: { ...tolerant.malformed, lengthTooShort: 'pass' },
    });
    expect(entriesOf(passing, 'malformed_policy').map(({ match }) => match)).toEqual([
      { reason: 4n },
    ]);
  });

  it('lets ports in after all that their frames will need', () => {
    const cases = state.map(({ entity }) => entity);
    const firstPort = cases.findIndex(
      (entity) =>
        entity.case === 'tableEntry' &&
        decodeTableEntry(index, entity.value).ok &&
        entriesOf([{ $typeName: 'p4.v1.Entity', entity }], 'port').length === 1,
    );
    expect(cases.slice(firstPort).some((e) => e.case === 'packetReplicationEngineEntry')).toBe(
      false,
    );
  });
});

describe('reconciling', () => {
  it('a fresh switch inserts everything', () => {
    const state = desired(settings(port(1), port(2)));
    const types = reconcile(state, []).map(({ type }) => type);
    // Default entries and meters are always there: they are never inserted.
    const isAlwaysThere = ({ entity }: Entity) =>
      entity.case === 'meterEntry' ||
      (entity.case === 'tableEntry' && entity.value.isDefaultAction);
    expect(types).toEqual(
      state.map((entity) => (isAlwaysThere(entity) ? Update_Type.MODIFY : Update_Type.INSERT)),
    );
  });

  it('a switch that is as it should be touches nothing', () => {
    const state = desired(settings(port(1), port(2)));
    expect(reconcile(state, desired(settings(port(1), port(2))))).toEqual([]);
  });

  it('changes what differs, and removes first what is not wanted', () => {
    const before = desired(settings(port(1), port(2), port(3)));
    const updates = reconcile(desired(settings(port(1, { ptp: 'off' }), port(2))), before);
    expect(updates.map(({ type }) => type)).toEqual([
      // Port 3's meters are green again.
      ...Array.from({ length: 17 }, () => Update_Type.MODIFY),
      // Its delivery, three admissions, the port itself.
      ...Array.from({ length: 5 }, () => Update_Type.DELETE),
      // The flood group without port 3; port 1's delivery and mode.
      Update_Type.MODIFY,
      Update_Type.MODIFY,
      Update_Type.MODIFY,
    ]);
  });
});
