/** What the operator is told when a configuration asks for more than its target can. */
import { describe, expect, it } from 'vitest';
import { featureLimits, settingsAdvice } from '#dataplane/feature-use';
import type { PortSettings, SwitchSettings } from '#dataplane/settings';
import { FEATURE_NAMES, no } from '#p4rt/features';
import { BMV2 } from '#p4rt/targets/bmv2';
import { NATIVE } from '#p4rt/targets/native';
import { TARGETS } from '#p4rt/targets/targets';
import type { Target } from '#p4rt/target';
import { logInterval } from '#units/time';
import { NO_PEER_DELAY, port, settings } from '../support/settings.js';

const told = (target: Target, ...ports: PortSettings[]) =>
  featureLimits(target, settings(...ports)).map(({ feature, support, key }) => [
    feature,
    support,
    key,
  ]);

describe('what a target can only partly do', () => {
  it('is nothing for a plain transparent clock', () => {
    for (const target of Object.values(TARGETS)) expect(told(target, port(1))).toEqual([]);
  });

  it('is told with the first key that asks for it, once', () => {
    expect(told(BMV2, port(1), port(2, { step: 'two' }), port(3, { step: 'two' }))).toEqual([
      ['twoStep', 'partly', 'ports[1].step'],
      ['waiting', 'partly', 'ports[1].step'],
    ]);
    expect(told(NATIVE, port(1, { step: 'two' }))).toEqual([]);
  });

  it('is told of peer delay as it is answered', () => {
    const peerDelay = { ...NO_PEER_DELAY, enabled: true };
    expect(told(BMV2, port(1, { peerDelay }))).toEqual([
      ['peerDelayTwoStep', 'partly', 'ports[0].peerDelay.responder'],
    ]);
    expect(told(BMV2, port(1, { peerDelay: { ...peerDelay, responder: 'one' } }))).toEqual([]);
  });

  it('is not told of a port that does not ask for it', () => {
    expect(told(BMV2, port(1, { ptp: 'off', step: 'two' }))).toEqual([]);
  });

  it('says what, where and what to do', () => {
    const [limit] = featureLimits(BMV2, settings(port(1, { ptpPriority: 7 })));
    expect(limit?.message).toBe(
      'ports[0].ptpPriority: bmv2\'s simple_switch_grpc can only partly do "PTP event messages before others": a frame for a queue that is not there is lost: start simple_switch_grpc with --priority-queues 8',
    );
  });
});

describe('what a target cannot do', () => {
  const wants: Partial<SwitchSettings> = {
    syntonize: { domainNumber: 0, sdoId: 0 },
    ledger: { sampleEvery: 8, perSecond: 64 },
  };
  const ports = [
    port(1, { step: 'two', marking: { pcp: 1, dscp: null }, ptpPriority: 1 }),
    port(2, { peerDelay: { ...NO_PEER_DELAY, enabled: true } }),
    port(3, { peerDelay: { ...NO_PEER_DELAY, enabled: true, responder: 'one' } }),
    port(4, { ptp: 'boundary', delayResponder: { logMinDelayReqInterval: logInterval(0) } }),
  ];
  const reason = no('it is a stone');
  const stone: Target = {
    ...NATIVE,
    description: 'a stone',
    features: Object.fromEntries(FEATURE_NAMES.map((name) => [name, reason])) as Target['features'],
  };

  it('is found for whatever can be asked for', () => {
    const found = featureLimits(stone, { ...settings(...ports), ...wants });
    expect(found.map(({ feature }) => feature)).toEqual([
      ...['oneStep', 'twoStep', 'waiting', 'peerDelayOneStep', 'peerDelayTwoStep'],
      ...['delayResponder', 'systemTime', 'syntonization', 'ledger', 'marking', 'priorityQueues'],
    ]);
    expect(found.at(-1)?.message).toContain('a stone cannot do');
  });
});

describe('advice', () => {
  const boundary = port(1, {
    ptp: 'boundary',
    delayResponder: { logMinDelayReqInterval: logInterval(0) },
  });

  it('is given about answers from 0.0.0.0', () => {
    expect(settingsAdvice(NATIVE, settings(boundary))).toEqual([
      expect.stringContaining('ports[0].address.ipv4 is not set'),
    ]);
    const address = { ...boundary.address, ipv4: 1n };
    expect(settingsAdvice(NATIVE, settings({ ...boundary, address }))).toEqual([]);
  });

  it('is given about a boundary port that answers nobody', () => {
    expect(settingsAdvice(NATIVE, settings({ ...boundary, delayResponder: null }))).toEqual([
      expect.stringContaining('goes without an answer'),
    ]);
  });

  it('is given about a threshold that the timestamps cannot tell from nothing', () => {
    const peerDelay = { ...NO_PEER_DELAY, enabled: true, convention: 'ieee8021as' } as const;
    expect(settingsAdvice(NATIVE, settings(port(1, { peerDelay })))).toEqual([]);
    expect(settingsAdvice(BMV2, settings(port(1, { peerDelay })))).toEqual([
      expect.stringContaining('neighborPropDelayThreshNs is not above one step'),
    ]);
  });
});
