import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { writePcap } from '#server/replay/pcap';
import { macAddress } from '#units/identity';
import { ETHERTYPE, encodeFrame } from '#wire/frame';
import { MANAGEMENT_ID } from '#wire/management-tlv';
import { encodeMessage } from '#wire/ptp-message';
import { ask, clock, port, type Asked } from './management-conversation.js';
import { asking } from './peer-delay-conversation.js';

/** tshark's version, or null where it cannot be run. */
function tsharkVersion(): string | null {
  try {
    const output = execFileSync('tshark', ['--version'], { stdio: ['ignore', 'pipe', 'ignore'] });
    return output.toString().split('\n')[0] ?? null;
  } catch {
    return null;
  }
}

const version = tsharkVersion();

/** What tshark reads in each message: a field's value, or '' where it has none. */
async function read(messages: readonly Uint8Array[], fields: readonly string[]) {
  const directory = mkdtempSync(join(tmpdir(), 'timeplane-tshark-'));
  const file = join(directory, 'management.pcap');
  const frames = messages.map((payload, index) => ({
    timeNs: BigInt(index),
    octets: encodeFrame({
      destination: macAddress('01:1b:19:00:00:00'),
      source: macAddress('02:00:00:00:00:0a'),
      tags: [],
      encapsulation: { kind: 'ethernet', etherType: ETHERTYPE.ptp },
      payload,
      padding: new Uint8Array(0),
    }),
  }));
  writeFileSync(file, writePcap(frames));
  const names = ['_ws.malformed', ...fields];
  const options = [
    '-n',
    '-r',
    file,
    '-T',
    'fields',
    '-E',
    'occurrence=f',
    ...names.flatMap((name) => ['-e', name]),
  ];
  const { stdout } = await promisify(execFile)('tshark', options);
  rmSync(directory, { recursive: true });
  return stdout
    .split('\n')
    .slice(0, messages.length)
    .map((line) => Object.fromEntries(line.split('\t').map((text, i) => [names[i] ?? '', text])));
}

describe(`tshark reads our own messages (${version ?? 'skipped: tshark is not installed'})`, () => {
  const measured = asking();
  measured.run(3, { delayNs: 1_234n });
  const ports = [port(1, { mechanism: 'p2p', peerDelay: measured.status, isUp: false })];
  const answer = (asked: Asked): Uint8Array => {
    const [octets] = ask(asked, clock({ ports })).octets;
    if (octets === undefined) throw new Error('no answer');
    return octets;
  };

  it.skipIf(version === null)('the transparent clock’s data sets', async () => {
    const prefix = 'ptp.v2.mm';
    const [clockSet, portSet, description, refused] = await read(
      [
        answer({ managementId: MANAGEMENT_ID.transparentClockDefaultDataSet }),
        answer({ managementId: MANAGEMENT_ID.transparentClockPortDataSet }),
        answer({ managementId: MANAGEMENT_ID.clockDescription }),
        answer({ managementId: MANAGEMENT_ID.parentDataSet }),
      ],
      [
        ...['clockidentity', 'numberPorts', 'delayMechanism', 'primaryDomain', 'faultyFlag'],
        ...['logMinPdelayReqInterval', 'peerMeanPathDelay.ns', 'clockType.p2p_TC'],
        ...['managementErrorId', 'displayData'],
      ].map((name) => `${prefix}.${name}`),
    );
    expect(clockSet).toMatchObject({
      '_ws.malformed': '',
      'ptp.v2.mm.clockidentity': '0x020000fffe00000a',
      'ptp.v2.mm.numberPorts': '1',
      'ptp.v2.mm.delayMechanism': '2',
      'ptp.v2.mm.primaryDomain': '0',
    });
    expect(portSet).toMatchObject({
      '_ws.malformed': '',
      'ptp.v2.mm.faultyFlag': '1',
      'ptp.v2.mm.logMinPdelayReqInterval': '0',
      'ptp.v2.mm.peerMeanPathDelay.ns': '1234',
    });
    expect(description).toMatchObject({ '_ws.malformed': '', 'ptp.v2.mm.clockType.p2p_TC': '1' });
    expect(refused).toMatchObject({
      '_ws.malformed': '',
      'ptp.v2.mm.managementErrorId': '6',
      'ptp.v2.mm.displayData': 'not of a transparent clock',
    });
  });

  it.skipIf(version === null)('Pdelay_Req', async () => {
    const [request] = await read(
      [encodeMessage(asking().request)],
      ['ptp.v2.messagetype', 'ptp.v2.messagelength', 'ptp.v2.sequenceid', 'ptp.v2.controlfield'],
    );
    expect(request).toEqual({
      '_ws.malformed': '',
      'ptp.v2.messagetype': '0x02',
      'ptp.v2.messagelength': '54',
      'ptp.v2.sequenceid': '0',
      'ptp.v2.controlfield': '5',
    });
  });
});
