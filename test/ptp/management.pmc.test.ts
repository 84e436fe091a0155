import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { answerManagement } from '#ptp/management';
import { managedTransparentClock } from '#ptp/management-sets';
import type { ManagementEffect } from '#ptp/management-types';
import { openLocalSocket, type LocalSocket } from '#runtime/ptp/local-socket';
import { clock, port } from './management-conversation.js';
import { asking } from './peer-delay-conversation.js';

/** Null where there is no pmc. */
function pmcVersion(): string | null {
  try {
    return execFileSync('pmc', ['-v'], { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    return null;
  }
}

const version = pmcVersion();

describe(`a real pmc at the local socket (${version ?? 'skipped: pmc is not installed'})`, () => {
  const measured = asking();
  measured.run(3, { delayNs: 1_234n });
  const sent = Array.from({ length: 16 }, (_, type) => (type === 2 ? 42n : 0n));
  const ports = [
    port(1, { mechanism: 'p2p', peerDelay: measured.status, sent }),
    port(2, { isUp: false }),
  ];
  const effects: ManagementEffect[] = [];
  let directory: string;
  let socket: LocalSocket | null;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'timeplane-pmc-'));
    effects.length = 0;
    const opened = openLocalSocket({
      path: join(directory, 'clock'),
      onDatagram: (octets, reply) => {
        const request = { octets, origin: 'local', ingressPort: null } as const;
        const answer = answerManagement(request, managedTransparentClock(clock({ ports })));
        effects.push(...answer.effects);
        for (const one of answer.replies) reply(one);
      },
      onFailure: (message) => {
        throw new Error(message);
      },
    });
    socket = opened.ok ? opened.value : null;
  });

  afterEach(() => {
    socket?.close();
    rmSync(directory, { recursive: true, force: true });
  });

  /** What pmc prints, with single blanks. */
  async function pmc(...commands: string[]): Promise<string> {
    const sockets = ['-s', join(directory, 'clock'), '-i', join(directory, 'pmc')];
    const { stdout } = await promisify(execFile)('pmc', ['-u', '-b', '0', ...sockets, ...commands]);
    return stdout.replace(/[ \t]+/g, ' ');
  }

  it.skipIf(version === null)('is told of the clock', async () => {
    const printed = await pmc(
      'GET DEFAULT_DATA_SET',
      'GET CLOCK_DESCRIPTION',
      'GET USER_DESCRIPTION',
      'GET DOMAIN',
    );
    expect(printed).toContain('020000.fffe.00000a-0 seq 0 RESPONSE MANAGEMENT DEFAULT_DATA_SET');
    expect(printed).toMatch(/numberPorts 2\n priority1 255\n clockClass 255\n/);
    expect(printed).toContain('clockIdentity 020000.fffe.00000a');
    expect(printed).toContain('clockType 0x1000');
    expect(printed).toContain('productDescription timeplane;;');
    expect(printed).toContain('profileId 00:1b:19:00:01:00');
    expect(printed).toContain('userDescription hello');
    expect(printed).toContain('domainNumber 0');
  });

  it.skipIf(version === null)('is told of each port', async () => {
    const printed = await pmc(
      'GET PORT_DATA_SET',
      'GET DELAY_MECHANISM',
      'GET PORT_PROPERTIES_NP',
      'GET PORT_STATS_NP',
    );
    expect(printed).toMatch(/00000a-1 seq 0 RESPONSE MANAGEMENT PORT_DATA_SET[^]*PASSIVE/);
    expect(printed).toMatch(/00000a-2 seq 0 RESPONSE MANAGEMENT PORT_DATA_SET[^]*FAULTY/);
    expect(printed).toContain('peerMeanPathDelay 1234');
    expect(printed).toMatch(/delayMechanism 2\n[^]*delayMechanism 1\n/);
    expect(printed).toMatch(/timestamping SOFTWARE\n interface swp1/);
    // 42 that the dataplane forwarded, and the four that were asked on port 1.
    expect(printed).toMatch(/tx_Pdelay_Req 46\n/);
  });

  it.skipIf(version === null)('is refused what a transparent clock does not have', async () => {
    const printed = await pmc('GET CURRENT_DATA_SET', 'GET PRIORITY1');
    expect(printed.match(/MANAGEMENT_ERROR_STATUS/g)).toHaveLength(2);
  });

  it.skipIf(version === null)('changes what can be changed', async () => {
    const printed = await pmc(
      'TARGET 020000.fffe.00000a-1',
      'SET PORT_DATA_SET_NP neighborPropDelayThresh 900 asCapable 1',
    );
    expect(printed).toContain('RESPONSE MANAGEMENT PORT_DATA_SET_NP');
    expect(effects).toEqual([
      { kind: 'setNeighborPropDelayThreshold', portNumber: 1, thresholdNs: 900 },
    ]);
  });
});
