import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { parseConfig } from '#runtime/config';
import { importPtp4l, type Imported } from '#runtime/ptp4l-conf/import';

const TARGET = { kind: 'native', address: '127.0.0.1:9559' };
const imported = (text: string, ...interfaces: string[]): Imported =>
  importPtp4l(text, { target: TARGET, interfaces });
const fileOf = ({ yaml }: Imported): unknown => parse(yaml);

describe('a ptp4l configuration', () => {
  it('becomes an agent’s, which the agent takes', () => {
    const result = imported(`
# a boundary clock
[global]
priority1               100
domainNumber            24
logSyncInterval         -4
step_threshold          0.00002
delay_mechanism         E2E
network_transport       L2
[swp1]
masterOnly              0
egressLatency           120
[swp2]
masterOnly              1
logSyncInterval         -3
`);
    expect(result).toMatchObject({ unknown: [], refused: [], notes: [], problems: [] });
    expect(fileOf(result)).toMatchObject({
      target: TARGET,
      instance: {
        profile: 'default-e2e',
        priority1: 100,
        domainNumber: 24,
        servo: { stepThresholdNs: 20_000 },
      },
      ports: [
        {
          number: 1,
          name: 'swp1',
          ptp: 'boundary',
          timing: { egressLatencyNs: 120 },
          boundary: { transport: 'ethernet', logSyncInterval: -4, masterOnly: false, step: 'two' },
        },
        { number: 2, name: 'swp2', boundary: { logSyncInterval: -3, masterOnly: true } },
      ],
    });
    expect(parseConfig('agent.yaml', result.yaml).ok).toBe(true);
  });

  it('without ports gets those of the command line', () => {
    const result = imported('[global]\nnetwork_transport L2\n', 'eth0', 'eth1');
    expect(fileOf(result)).toMatchObject({
      ports: [
        { number: 1, name: 'eth0', boundary: { transport: 'ethernet' } },
        { number: 2, name: 'eth1' },
      ],
    });
    expect(result.problems).toEqual([]);
  });

  it('of a transparent clock is one of a transparent clock', () => {
    const text = '[global]\nclock_type P2P_TC\ntwoStepFlag 0\ndelay_mechanism P2P\n';
    const result = imported(text, 'eth0');
    expect(fileOf(result)).toMatchObject({
      ports: [{ ptp: 'transparentP2P', step: 'one', peerDelay: { transport: 'udp4' } }],
    });
    expect(fileOf(result)).not.toHaveProperty('instance');
    expect(result.problems).toEqual([]);
  });

  it('with P2P everywhere has the P2P profile', () => {
    const text =
      '[global]\ndelay_mechanism P2P\nnetwork_transport L2\nlogMinPdelayReqInterval -2\n';
    const result = imported(text, 'eth0');
    expect(fileOf(result)).toMatchObject({
      instance: { profile: 'default-p2p' },
      ports: [{ peerDelay: { enabled: true, transport: 'ethernet', logInterval: -2 } }],
    });
    expect(result.problems).toEqual([]);
  });

  it('beyond the profile’s ranges is taken as it is, and says so', () => {
    const result = imported('[global]\nlogSyncInterval -7\nnetwork_transport L2\n', 'eth0');
    expect(fileOf(result)).toMatchObject({ instance: { outsideProfile: true } });
    expect(result.problems).toEqual([]);
  });

  it.each(['slaveOnly', 'clientOnly', 'timeReceiverOnly'])('%s is one and the same', (key) => {
    expect(fileOf(imported(`[global]\n${key} 1\n`))).toMatchObject({
      instance: { slaveOnly: true },
    });
  });

  it('has a table of unicast masters, of which a port takes those of its transport', () => {
    const result = imported(`[global]
network_transport L2
[unicast_master_table]
table_id 1
logQueryInterval 2
L2 02:00:00:00:00:01
UDPv4 192.0.2.1
[eth0]
unicast_master_table 1
`);
    expect(fileOf(result)).toMatchObject({
      ports: [
        { boundary: { unicastMasters: [{ mac: '02:00:00:00:00:01' }], unicastQuerySeconds: 4 } },
      ],
    });
    expect(result.notes).toMatchObject([{ line: 7, key: 'UDPv4' }]);
    expect(result.problems).toEqual([]);
  });

  it('over UDP needs no MAC addresses of its masters', () => {
    const result = imported(`[unicast_master_table]
table_id 1
UDPv4 192.0.2.1
[eth0]
unicast_master_table 1
`);
    expect(fileOf(result)).toMatchObject({
      ports: [{ boundary: { transport: 'udp4', unicastMasters: [{ ip: '192.0.2.1' }] } }],
    });
    expect(result.notes).toEqual([]);
  });
});

describe('roles that are not elected', () => {
  it('are given to the ports', () => {
    const text = '[global]\nBMCA noop\nslaveOnly 1\nnetwork_transport L2\n';
    const result = imported(text, 'eth0');
    expect(fileOf(result)).toMatchObject({
      instance: { externalPortConfiguration: true, slaveOnly: true },
      ports: [{ boundary: { desiredState: 'slave' } }],
    });
  });
});

describe('what cannot be taken over is told', () => {
  it('by line: a key that nobody knows, a value that is none, a line that is nothing', () => {
    const result = imported(`[global]
warpFactor 9
priority1 high
what
[eth0]
priority1 7
logSyncInterval fast
`);
    expect(result.unknown).toEqual([
      { line: 4, key: '', text: "'what' is neither a section nor a key with its value" },
      { line: 2, key: 'warpFactor', text: 'is not known' },
    ]);
    expect(result.refused).toEqual([
      { line: 3, key: 'priority1', text: "'high' is no value for this key" },
      { line: 6, key: 'priority1', text: 'belongs to [global]' },
      { line: 7, key: 'logSyncInterval', text: "'fast' is no value for this key" },
    ]);
  });

  it('a value that all ports have from [global], once', () => {
    const result = imported('[global]\nlogSyncInterval fast\n', 'eth0', 'eth1', 'eth2');
    expect(result.refused).toHaveLength(1);
  });

  it('a key without a counterpart, with the reason', () => {
    const { notes } = imported('[global]\nfault_reset_interval 4\n');
    expect(notes).toMatchObject([{ line: 2, key: 'fault_reset_interval' }]);
    expect(notes[0]?.text).toContain('no port faults');
  });

  it('keys like those of every object are not known', () => {
    const { unknown } = imported('[global]\nconstructor 1\n__proto__ 2\n');
    expect(unknown.map(({ key }) => key)).toEqual(['constructor', '__proto__']);
  });
});
