/** Mutual TLS between the switch and whoever drives it. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { P4rtSession, type SessionTls } from '#p4rt/session';
import { startServer } from '#server/server';
import type { RunningServer } from '#server/server';
import { P4RuntimeService } from '#server/service';
import type { TlsFiles } from '#server/switch/tls';
import { loadTls } from '#runtime/tls-files';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { Authority } from '../support/certificates.js';
import { LAYOUT } from './fixture-program.js';
import { MemoryEngine } from './memory-engine.js';

const ours = new Authority('ours');
const theirs = new Authority('theirs');
const device = ours.signs('switch');
const agent = ours.signs('agent');
const stranger = theirs.signs('stranger');
const FILES: TlsFiles = { ...device, clientCa: ours.certificate };
const scratch = mkdtempSync(join(tmpdir(), 'timeplane-tls-'));
afterAll(() => {
  for (const folder of [ours.folder, theirs.folder, scratch]) rmSync(folder, { recursive: true });
});

let running: RunningServer | null = null;
let session: P4rtSession | null = null;
afterEach(async () => {
  session?.stop();
  await running?.close();
  [session, running] = [null, null];
});

function start(host: string, tls: TlsFiles | null) {
  const service = new P4RuntimeService({
    deviceId: 1n,
    cpuPort: 510,
    engine: new MemoryEngine(LAYOUT),
    builder: { build: () => Promise.reject(new Error('nothing is built here')) },
    clock: { steadyNs: () => 0n, wallNs: () => 0n, after: () => () => undefined },
  });
  return startServer(service, { host, port: 0 }, (error) => expect(error).toBeUndefined(), tls);
}

async function listening(host = '127.0.0.1'): Promise<string> {
  const started = await start(host, FILES);
  if (!started.ok) throw new Error(started.error.message);
  running = started.value;
  return `127.0.0.1:${running.port}`;
}

const contents = (identity: { certificate: string; key: string }, ca: string): SessionTls => ({
  ca: readFileSync(ca),
  certificate: readFileSync(identity.certificate),
  key: readFileSync(identity.key),
});

/** What became of the first try. */
function phaseOf(address: string, tls: SessionTls | null): Promise<string> {
  return new Promise((resolve) => {
    session = new P4rtSession({
      address,
      tls,
      deviceId: 1n,
      electionId: 1n,
      random: () => 0,
      handlers: {
        onPhase: (phase, reason) => {
          resolve(reason === '' ? phase : `${phase}: ${reason}`);
        },
        onDigest: () => undefined,
        onPacketIn: () => undefined,
        onStreamError: () => undefined,
      },
    });
    session.start();
  });
}

describe('a switch with mutual TLS', () => {
  it('takes a controller whose certificate its authority signed, on any address', async () => {
    const address = await listening('0.0.0.0');
    expect(await phaseOf(address, contents(agent, ours.certificate))).toBe('primary');
  });

  it('is known by a name as well as by an address', async () => {
    const [, port] = (await listening()).split(':');
    const tls = contents(agent, ours.certificate);
    expect(await phaseOf(`localhost:${port ?? ''}`, tls)).toBe('primary');
  });

  it('does not take a certificate that another authority signed', async () => {
    const address = await listening();
    expect(await phaseOf(address, contents(stranger, ours.certificate))).toMatch(/^waiting/);
  });

  it('does not take a controller without TLS', async () => {
    expect(await phaseOf(await listening(), null)).toMatch(/^waiting/);
  });

  it('is not taken by a controller that trusts another authority', async () => {
    const address = await listening();
    expect(await phaseOf(address, contents(agent, theirs.certificate))).toMatch(/^waiting/);
  });
});

describe('a switch that is to listen', () => {
  it.each(['0.0.0.0', '192.0.2.1', '::'])('on %s without TLS does not start', async (host) => {
    expect(await start(host, null)).toMatchObject({ ok: false, error: { code: 'NOT_LOOPBACK' } });
  });

  const notPem = join(scratch, 'not.pem');
  writeFileSync(notPem, 'not a certificate');
  const bad: [string, TlsFiles, RegExp][] = [
    ['a file that is not there', { ...FILES, key: '/nowhere/at.all' }, /nowhere/],
    ['a certificate that is none', { ...FILES, certificate: notPem }, /no certificate/],
    ['an authority that is none', { ...FILES, clientCa: notPem }, /no certificate/],
    ['the key of another', { ...FILES, key: agent.key }, /is not the key of/],
  ];
  it.each(bad)('with %s says so', async (_what, files, message) => {
    const started = await start('127.0.0.1', files);
    expect(started).toMatchObject({ ok: false, error: { code: 'BAD_TLS' } });
    expect(started.ok ? '' : started.error.message).toMatch(message);
  });

  it('and an agent says the same of its own files', async () => {
    const files = { ca: ours.certificate, ...agent };
    expect((await loadTls(files)).ok).toBe(true);
    for (const [wrong, code] of [
      [{ ...files, ca: '/nowhere/at.all' }, 'tls-missing'],
      [{ ...files, certificate: notPem }, 'tls-bad'],
      [{ ...files, key: device.key }, 'tls-bad'],
    ] as const) {
      expect(await loadTls(wrong)).toMatchObject({ error: { code } });
    }
  });
});
