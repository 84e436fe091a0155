/** The clock's part of the desired state, entry by entry. */
import { describe, expect, it } from 'vitest';
import { desiredState, type StateCapabilities } from '#dataplane/desired-state';
import { LEDGER_METER, PUNT_METER } from '#dataplane/program';
import type { PortSettings, SwitchSettings } from '#dataplane/settings';
import { decodeTableEntry } from '#p4rt/decode';
import type { Entity } from '#p4rt/entities';
import { decodeMeterCell, singleRate } from '#p4rt/meters';
import { macAddress } from '#units/identity';
import { logInterval } from '#units/time';
import { programIndex } from '../support/program.js';
import { NO_PEER_DELAY, OWN_IDENTITY, port, settings } from '../support/settings.js';

const index = programIndex();

function desired(
  wanted: SwitchSettings,
  capabilities: StateCapabilities = { txEvents: 'engine' },
): Entity[] {
  const state = desiredState(index, wanted, capabilities);
  if (!state.ok) throw new Error(state.error.message);
  return state.value;
}

function entriesOf(entities: readonly Entity[], table: string) {
  return entities
    .map(({ entity }) => entity)
    .filter((entity) => entity.case === 'tableEntry')
    .map((entity) => {
      const decoded = decodeTableEntry(index, entity.value);
      if (!decoded.ok) throw new Error(decoded.error.message);
      return { ...decoded.value, isDefault: entity.value.isDefaultAction };
    })
    .filter((entry) => entry.table.endsWith(`.${table}`))
    .map(({ match, action, isDefault }) => ({
      match,
      action: action.name.split('.').at(-1),
      params: action.params,
      isDefault,
    }));
}

/** The parameters of all entries of a table, for one port. */
function said(table: string, overrides: Partial<PortSettings>, more: Partial<SwitchSettings> = {}) {
  const wanted = { ...settings(port(7, overrides)), ...more };
  return entriesOf(desired(wanted), table).map(({ match, params }) => ({ ...match, ...params }));
}

describe('a port in the desired state', () => {
  it.each([
    ['off', 0n],
    ['transparent', 1n],
    ['blocked', 2n],
    ['transparentP2P', 3n],
    ['boundary', 4n],
  ] as const)('that is %s has mode %d as ingress and as egress', (ptp, mode) => {
    expect(said('port', { ptp })).toMatchObject([{ ptp_mode: mode }]);
    expect(said('vlan_delivery', { ptp })).toMatchObject([{ ptp_mode: mode }]);
  });

  it('that sends two-step says so for both directions, without any other timing', () => {
    expect(said('ingress_timing', { step: 'two' })).toEqual([
      { ingress_port: 7n, latency: 0n, asymmetry: 0n, mean_link_delay: 0n, two_step: 1n },
    ]);
    expect(said('egress_timing', { step: 'two' })).toMatchObject([{ two_step: 1n }]);
  });

  it('with a list of masters is closed to others', () => {
    const acceptMasters = [{ clockIdentity: 0x0011_22ff_fe33_4455n, portNumber: 1 }];
    expect(said('port', { acceptMasters })).toMatchObject([{ listed_masters_only: 1n }]);
    expect(said('accepted_master', { acceptMasters })).toEqual([
      { ingress_port: 7n, clock_identity: 0x0011_22ff_fe33_4455n, port_number: 1n },
    ]);
    expect(said('port', {})).toMatchObject([{ listed_masters_only: 0n }]);
  });

  it('marks what leaves by it, as far as that is asked for', () => {
    expect(said('marking', { marking: { pcp: 6, dscp: null } })).toEqual([
      { egress_port: 7n, pcp: 6n, dscp: 0n, set_pcp: 1n, set_dscp: 0n },
    ]);
    expect(said('marking', { marking: { pcp: null, dscp: 0 } })).toMatchObject([
      { dscp: 0n, set_pcp: 0n, set_dscp: 1n },
    ]);
    expect(said('marking', {})).toEqual([]);
  });

  it('with peer delay answers as the port of our clock, with its own addresses', () => {
    const address = { mac: macAddress('02:00:00:00:00:07'), ipv4: 0xc000_0201n, ipv6: 1n << 120n };
    const peerDelay = { ...NO_PEER_DELAY, enabled: true };
    expect(said('peer_delay', { peerDelay, address })).toEqual([
      {
        ingress_port: 7n,
        own_clock_identity: OWN_IDENTITY,
        own_port_number: 7n,
        own_mac: 0x0200_0000_0007n,
        own_ipv4: 0xc000_0201n,
        own_ipv6: 1n << 120n,
        two_step: 1n,
      },
    ]);
    const oneStep = { ...peerDelay, responder: 'one' as const };
    expect(said('peer_delay', { peerDelay: oneStep })).toMatchObject([{ two_step: 0n }]);
    expect(said('peer_delay', { ptp: 'transparentP2P' })).toEqual([]);
  });
});

describe('a delay responder in the desired state', () => {
  const delayResponder = { logMinDelayReqInterval: logInterval(-4) };
  const clock = { identity: OWN_IDENTITY, domainNumber: 24 };

  it('answers in the primary domain where the port is a boundary', () => {
    expect(said('delay_responder', { ptp: 'boundary', delayResponder }, { clock })).toMatchObject([
      { ingress_port: 7n, sdo_id: 0n, domain_number: 24n, log_min_delay_req_interval: 0xfcn },
    ]);
    expect(said('origin', { ptp: 'boundary' })).toEqual([{ egress_port: 7n, port_number: 7n }]);
  });

  it('answers in the instances for which it is one', () => {
    const instances = [
      { domainNumber: 24, sdoId: 0, ptp: 'blocked' },
      { domainNumber: 44, sdoId: 0x100, ptp: 'boundary' },
    ] as const;
    const instance = { sdo_id: 0x100n, domain_number: 44n };
    const inOne = said('delay_responder', { instances, delayResponder }, { clock });
    expect(inOne).toMatchObject([instance]);
    const notInPrimary = { ptp: 'boundary', instances, delayResponder } as const;
    expect(said('delay_responder', notInPrimary, { clock })).toMatchObject([instance]);
  });

  it('is nowhere unless asked for', () => {
    expect(said('delay_responder', { ptp: 'boundary' })).toEqual([]);
    expect(said('origin', {})).toEqual([]);
  });
});

describe('the clock in the desired state', () => {
  it('knows its own frames when they come back', () => {
    expect(said('own_clock', {})).toEqual([{ clock_identity: OWN_IDENTITY }]);
  });

  it.each([
    [0, 'no_sampling', {}],
    [1, 'sample', { mask: 0n }],
    [64, 'sample', { mask: 63n }],
    [65_536, 'sample', { mask: 0xffffn }],
  ])('samples one message of %d for the ledger', (every, action, params) => {
    const wanted = { ...settings(port(1)), ledger: { sampleEvery: every, perSecond: 64 } };
    expect(entriesOf(desired(wanted), 'ledger')).toEqual([
      { match: {}, action, params, isDefault: true },
    ]);
  });

  it('asks for ledger digests only where messages are sampled', () => {
    const digests = (wanted: SwitchSettings) =>
      desired(wanted).filter(({ entity }) => entity.case === 'digestEntry').length;
    expect(digests(settings(port(1)))).toBe(1);
    expect(digests({ ...settings(port(1)), ledger: { sampleEvery: 8, perSecond: 64 } })).toBe(2);
  });

  it('has a clone session for each port where transmit events are clones', () => {
    const sessions = (capabilities: StateCapabilities) =>
      desired(settings(port(1), port(2)), capabilities)
        .map(({ entity }) => entity)
        .filter((entity) => entity.case === 'packetReplicationEngineEntry')
        .map((entity) => entity.value.type)
        .filter((type) => type.case === 'cloneSessionEntry')
        .map(({ value }) => [
          value.sessionId,
          ...value.replicas.map(({ portKind }) => portKind.value),
        ]);
    const toController = [500, Uint8Array.of(1, 0xfe)];
    expect(sessions({ txEvents: 'engine' })).toEqual([toController]);
    expect(sessions({ txEvents: 'clone' })).toEqual([
      toController,
      [1001, Uint8Array.of(1)],
      [1002, Uint8Array.of(2)],
    ]);
  });
});

describe('the meters in front of the controller', () => {
  it('hold each message type of each port to its own rate', () => {
    const slow = port(2, { puntLimit: { perSecond: 5, burst: 2 } });
    const cells = desired(settings(port(1), slow))
      .map(({ entity }) => entity)
      .filter((entity) => entity.case === 'meterEntry')
      .map((entity) => decodeMeterCell(index, entity.value))
      .map((decoded) => (decoded.ok ? decoded.value : null))
      .filter((cell) => cell?.meter.endsWith(PUNT_METER.name));
    expect(cells.map((cell) => cell?.cell)).toEqual(Array.from({ length: 32 }, (_, i) => i));
    expect(cells[15]?.rates).toEqual(singleRate(256n, 64n));
    expect(cells[16]?.rates).toEqual(singleRate(5n, 2n));
  });

  it('hold the samples of each port to one rate, whatever sequenceIds it brings', () => {
    const wanted = { ...settings(port(4), port(9)), ledger: { sampleEvery: 16, perSecond: 7 } };
    const cells = desired(wanted)
      .map(({ entity }) => entity)
      .filter((entity) => entity.case === 'meterEntry')
      .map((entity) => decodeMeterCell(index, entity.value))
      .map((decoded) => (decoded.ok ? decoded.value : null))
      .filter((cell) => cell?.meter.endsWith(LEDGER_METER));
    expect(cells.map((cell) => [cell?.cell, cell?.rates])).toEqual([
      [0, singleRate(7n, 7n)],
      [1, singleRate(7n, 7n)],
    ]);
  });

  it('are there before anything is let in', () => {
    const cases = desired(settings(port(1), port(2))).map(({ entity }) => entity.case);
    expect(cases.lastIndexOf('meterEntry')).toBeLessThan(cases.indexOf('tableEntry'));
  });
});

describe('the copies for the controller', () => {
  const copies = (more: Partial<SwitchSettings>, overrides: Partial<PortSettings> = {}) =>
    entriesOf(desired({ ...settings(port(7, overrides)), ...more }), 'punt_policy').map(
      ({ match, params }) => ({
        type: valueOf(match['message_type']),
        etherType: valueOf(match['ether_type']),
        port: valueOf(match['ingress_port']),
        reason: params['reason'],
      }),
    );
  const valueOf = (match: unknown) =>
    typeof match === 'object' && match !== null && 'value' in match ? match.value : undefined;

  it('are none unless asked for', () => {
    expect(copies({})).toEqual([]);
  });

  it('of Management come from the transports that are on', () => {
    const only = { socket: null, udp: false, ethernet: true };
    expect(copies({ management: only })).toEqual([{ type: 0xdn, etherType: 0x88f7n, reason: 1n }]);
    const both = { socket: null, udp: true, ethernet: true };
    expect(copies({ management: both }).map(({ etherType }) => etherType)).toEqual([
      0x88f7n,
      0x0800n,
      0x86ddn,
    ]);
  });

  it('of Sync and Follow_Up come where the clock follows a rate', () => {
    expect(copies({ syntonize: { domainNumber: 0, sdoId: 0 } })).toEqual([
      { type: 0x0n, reason: 3n },
      { type: 0x8n, reason: 3n },
    ]);
  });

  it('of Signaling come from ports with peer delay by 802.1AS', () => {
    const peerDelay = { ...NO_PEER_DELAY, enabled: true, convention: 'ieee8021as' } as const;
    expect(copies({}, { peerDelay })).toEqual([{ type: 0xcn, port: 7n, reason: 2n }]);
    expect(copies({}, { peerDelay: NO_PEER_DELAY })).toEqual([]);
  });
});
