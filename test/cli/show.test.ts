/** `timeplane show` against small servers in this process. */
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import {
  createServer as createSocketServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { readStatus } from '#runtime/status-client';
import { startStatusServer } from '#runtime/status-server';
import type { AgentStatus } from '#runtime/status';
import { packageRoot } from '#runtime/version';
import { later, NOT_READY, STATUS } from './show-status.js';

const CLI = join(packageRoot(), 'dist', 'control-plane', 'cli', 'main.js');
const why = existsSync(CLI) ? '' : ': needs the build (npm run build)';
const folder = mkdtempSync(join(tmpdir(), 'timeplane-show-'));
const closing: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function listen(server: Server, port = 0): Promise<string> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => sockets.add(socket));
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  closing.push(
    () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  );
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function serve(listener: RequestListener): Promise<string> {
  return listen(createServer(listener));
}

/** The agent's own status server; each status in turn, and the last one ever after. */
async function agent(...statuses: readonly AgentStatus[]): Promise<string> {
  let asked = 0;
  const started = await startStatusServer({ host: '127.0.0.1', port: 0 }, () => {
    const status = statuses[Math.min(asked, statuses.length - 1)] ?? STATUS;
    asked += 1;
    return Promise.resolve(status);
  });
  if (!started.ok) throw new Error(started.error.message);
  closing.push(started.value.close);
  return `127.0.0.1:${started.value.port}`;
}

/** An address where nobody listens. */
async function deserted(): Promise<string> {
  const address = await serve(() => undefined);
  await closing.pop()?.();
  return address;
}

interface Shown {
  readonly child: ChildProcess;
  readonly out: () => string;
  readonly err: () => string;
  readonly ended: Promise<number | null>;
}

function start(...args: string[]): Shown {
  // CI must not colour what is no terminal.
  const env = { ...process.env, CI: '1', NO_COLOR: undefined, FORCE_COLOR: undefined };
  const child = spawn(process.execPath, [CLI, 'show', ...args], { env });
  const text = { out: '', err: '' };
  child.stdout.setEncoding('utf8').on('data', (more: string) => (text.out += more));
  child.stderr.setEncoding('utf8').on('data', (more: string) => (text.err += more));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, out: () => text.out, err: () => text.err, ended };
}

async function show(...args: string[]) {
  const { ended, out, err } = start(...args);
  const code = await ended;
  return { code, out: out(), err: err() };
}

async function until(shown: Shown, test: (out: string) => boolean): Promise<void> {
  while (!test(shown.out())) {
    if (shown.child.exitCode !== null) throw new Error(`ended: ${shown.out()}${shown.err()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

describe.skipIf(why !== '')(`timeplane show${why}`, () => {
  it.each([
    ['ports', /│ gm +│ transparent │/],
    ['residence', /│ gm +│ +40 │ 567 ns │ 1.23 µs │ 56.8 µs │ 1.23 ms │/],
    ['counters', /│ vlanNotAdmitted +│ +9 │ +0 │ gm 8/],
    ['peer-delay', /│ gm +│ valid │ 001122.fffe.334455-1 │/],
    ['ledger', /│ gm +│ client +│ Sync +│/],
    ['clock', /│ clockIdentity +│ 001122.fffe.334455 +│/],
    ['mac-table', /12 of 4096 entries/],
  ])('%s prints a table without colours', async (what, pattern) => {
    const { code, out, err } = await show(what, '--agent', await agent(STATUS));
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(pattern);
    expect(out).not.toContain('\u001b');
  });

  it.each([
    ['ports', STATUS.ports],
    ['mac-table', STATUS.macTable],
    ['peer-delay', STATUS.ptp.peerDelay],
    ['ledger', STATUS.ptp.ledger],
    [
      'residence',
      STATUS.ports.map(({ number, name, residenceNs }) => ({ number, name, residenceNs })),
    ],
  ])('%s --json prints that part of the status', async (what, part) => {
    const { code, out } = await show(what, '--json', '--agent', await agent(STATUS));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toEqual(part);
  });

  it('counters --json has all that the tables have', async () => {
    const { out } = await show('counters', '--json', '--agent', await agent(STATUS));
    const { malformed, drops, digests } = STATUS;
    expect(JSON.parse(out)).toMatchObject({ malformed, drops, digests });
    expect(JSON.parse(out)).toHaveProperty('ports[0].messages', STATUS.ports[0]?.messages);
  });

  it('finds the address in the configuration', async () => {
    const file = join(folder, 'agent.yaml');
    const target = 'target: { kind: native, address: "127.0.0.1:1" }';
    writeFileSync(file, `${target}\nstatus: "${await agent(STATUS)}"\nports: []\n`);
    expect(await show('mac-table', '--config', file)).toMatchObject({ code: 0, err: '' });
  });

  it('knows capabilities without an agent', async () => {
    const { code, out, err } = await show('capabilities', '--agent', await deserted());
    expect({ code, err }).toEqual({ code: 0, err: '' });
    expect(out).toMatch(/│ one-step: .+ │ yes +│ yes +│/);
    expect(out).toContain('nobody listens there: this is about no configuration');
    const json = await show('capabilities', '--json', '--agent', await deserted());
    expect(JSON.parse(json.out)).toMatchObject({
      targets: [{ kind: 'native' }, { kind: 'bmv2' }],
      agent: null,
    });
  });

  it('knows which of them the agent uses', async () => {
    const { out } = await show('capabilities', '--json', '--agent', await agent(STATUS));
    expect(JSON.parse(out)).toMatchObject({ agent: { kind: 'native', notes: [] } });
  });

  it('has help with examples, and is in the list of commands', async () => {
    const { code, out } = await show('--help');
    expect(code).toBe(0);
    for (const word of [
      'ports',
      'residence',
      'counters',
      'peer-delay',
      'ledger',
      '--watch',
      'Examples:',
    ]) {
      expect(out).toContain(word);
    }
  });

  it.each([
    [
      ['nothing'],
      'Allowed choices are ports, residence, counters, peer-delay, ledger, clock, parent, foreign-masters, time, servo, sources, mac-table, capabilities',
    ],
    [['ports', '--agent', 'nowhere'], 'expected an address such as 127.0.0.1:9561'],
    [['ports', '--watch', '0'], 'expected seconds, from 0.5 to 3600'],
    [['ports', '--agent', '127.0.0.1:1', '--config', 'x'], 'cannot be used with'],
    [['ports', '--config', join(folder, 'none.yaml')], 'no such file or directory'],
  ])('ends with 2 for wrong usage: %j', async (args, message) => {
    const { code, err } = await show(...args);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });
});

describe.skipIf(why !== '')(`timeplane show, in trouble${why}`, () => {
  async function trouble(address: string) {
    const { code, out, err } = await show('ports', '--agent', address);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).not.toMatch(/^\s+at /m);
    return err;
  }

  it('says that no agent is there, and what to do', async () => {
    const address = await deserted();
    const err = await trouble(address);
    expect(err).toContain(`no agent at ${address}: nobody listens there`);
    expect(err).toContain('is `timeplane agent` running?');
  });

  it('knows a switch when it meets one', async () => {
    const report = JSON.stringify({ ready: true, cpuPort: 510, p4runtime: {}, ports: [] });
    const err = await trouble(await serve((_, response) => response.end(report)));
    expect(err).toContain('is a timeplane switch, not an agent');
    expect(err).toContain('`status` in its configuration');
  });

  it.each([
    [200, 'hello', 'what it tells is not JSON'],
    [200, '[]', 'its status is not what an agent tells'],
    [200, JSON.stringify({ ...STATUS, ports: [{}] }), '"ports[0].number" in its status'],
    [404, '', 'it answers 404 to /status.json'],
    [500, 'TypeError: x', 'answers 500: TypeError: x'],
  ])('does not take for an agent what answers %d %j', async (code, body, message) => {
    const address = await serve((_, response) => response.writeHead(code).end(body));
    expect(await trouble(address)).toContain(message);
  });

  it('does not take for an agent what does not speak HTTP', async () => {
    const server = createSocketServer((socket) => socket.end('220 mail.example ESMTP\r\n'));
    expect(await trouble(await listen(server))).toContain('it does not speak HTTP');
  });

  it('says above the table that the agent is not ready, and ends with 1', async () => {
    const { code, out } = await show('residence', '--agent', await agent(NOT_READY));
    expect(code).toBe(1);
    expect(out).toMatch(/^not ready \(waiting\): no connection to 127.0.0.1:9559\n/);
    expect(out).toContain('1.23 µs');
  });

  it('says so beside the JSON too', async () => {
    const { code, out, err } = await show('ports', '--json', '--agent', await agent(NOT_READY));
    expect(code).toBe(1);
    expect(JSON.parse(out)).toEqual(STATUS.ports);
    expect(err).toContain('not ready (waiting)');
  });
});

describe.skipIf(why !== '')(`timeplane show --watch${why}`, () => {
  it('prints block after block with rates, until Ctrl-C', async () => {
    const address = await agent(STATUS, later(500));
    const shown = start('residence', '--watch', '0.5', '--agent', address);
    await until(shown, (out) => out.split('timeplane show residence').length > 3);
    shown.child.kill('SIGINT');
    expect(await shown.ended).toBe(0);
    expect(shown.err()).toBe('');
    expect(shown.out()).not.toContain('\u001b');
    const lines = shown.out().split('\n');
    const rates = lines
      .filter((line) => line.includes('│ gm '))
      .map((line) => line.split('│').at(-2)?.trim());
    expect(rates[0]).toBe('–');
    // 500 in half a second and what a busy machine adds to it.
    expect(Number(rates[1])).toBeGreaterThan(0);
    expect(Number(rates[1])).toBeLessThanOrEqual(1_010);
    expect(rates[2]).toBe('0');
  });

  it('with --json prints a line for each reading', async () => {
    const shown = start('mac-table', '--json', '--watch', '0.5', '--agent', await agent(STATUS));
    await until(shown, (out) => out.split('\n').length > 2);
    shown.child.kill('SIGTERM');
    expect(await shown.ended).toBe(0);
    const [first, second] = shown.out().split('\n');
    expect(JSON.parse(first ?? '')).toEqual(STATUS.macTable);
    expect(second).toBe(first);
  });

  it('waits for an agent that goes away, and goes on when it is back', async () => {
    const body = JSON.stringify(STATUS);
    const answer: RequestListener = (_, response) => response.end(body);
    const address = await serve(answer);
    const shown = start('ports', '--watch', '0.5', '--agent', address);
    await until(shown, (out) => out.includes('│ gm '));
    await closing.pop()?.();
    await until(shown, (out) => out.includes(`no agent at ${address}`));
    expect(shown.out()).toContain('trying again');
    await listen(createServer(answer), Number(address.split(':')[1]));
    const length = shown.out().length;
    await until(shown, (out) => /every 0.5 s.*\nports/.test(out.slice(length)));
    shown.child.kill('SIGINT');
    expect(await shown.ended).toBe(0);
  });

  it('ends quietly when nobody reads it any more', async () => {
    const shown = start('ports', '--watch', '0.5', '--agent', await agent(STATUS));
    await until(shown, (out) => out.includes('│ gm '));
    shown.child.stdout?.destroy();
    expect(await shown.ended).toBe(0);
    expect(shown.err()).toBe('');
  });

  it('does not begin without an agent', async () => {
    const { code, err } = await show('ports', '--watch', '--agent', await deserted());
    expect(code).toBe(1);
    expect(err).toContain('nobody listens there');
  });
});

describe('asking for a status', () => {
  function endpoint(address: string) {
    return { host: '127.0.0.1', port: Number(address.split(':')[1]) };
  }

  it('gives what the agent told, untouched', async () => {
    expect(await readStatus(endpoint(await agent(STATUS)))).toEqual({ ok: true, value: STATUS });
  });

  it('does not wait for ever', async () => {
    const address = await listen(createSocketServer());
    const read = await readStatus(endpoint(address), { timeoutMs: 50 });
    expect(read).toMatchObject({ ok: false, error: { code: 'silent' } });
  });

  it('can be given up', async () => {
    const address = await listen(createSocketServer());
    const read = await readStatus(endpoint(address), { signal: AbortSignal.timeout(20) });
    expect(read).toMatchObject({ ok: false, error: { code: 'aborted' } });
  });

  it('does not read an answer that has no end', async () => {
    const address = await serve((_, response) => {
      const more = Buffer.alloc(1024 * 1024, 32);
      const write = (): void => {
        while (!response.destroyed && response.write(more));
      };
      response.on('drain', write);
      write();
    });
    const read = await readStatus(endpoint(address));
    expect(read).toMatchObject({ ok: false, error: { code: 'not-an-agent' } });
  });
});
