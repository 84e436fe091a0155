/** `timeplane switch` as an operator meets it, in a network namespace of its own. */
import { describe, expect, it } from 'vitest';
import { inNamespace, why, type Outcome } from './switch-in-namespace.js';

const STACK = /^\s+at .+:\d+:\d+\)?$/m;

/** An operator's mistake: one message with what to do, the exit code, no stack trace. */
function expectMistake({ status, err, out }: Outcome, code: number, ...texts: string[]): void {
  for (const text of texts) expect(err).toContain(text);
  expect(err).not.toMatch(STACK);
  expect(out).not.toContain('ready');
  expect(status).toBe(code);
}

describe.skipIf(why !== '')(`timeplane switch${why}`, { timeout: 90_000 }, () => {
  it('says when it is ready, shows its state, and ends without a trace at SIGTERM', () => {
    const { status, out, err } = inNamespace(`
      ip link add p1 type veth peer name h1; ip link set p1 up; ip link set h1 up
      $SWITCH --listen 127.0.0.1:0 --status 127.0.0.1:9560 --device-id 7 --port 1=p1 \
        --queue 1:rate=10Mbit,bound=64KiB,priorities=2 > out.log &
      untilReady; cat out.log
      node -e '
        const get = async (p) => (await fetch("http://127.0.0.1:9560" + p)).text();
        (async () => console.log(await get("/status.json"), await get("/metrics"), await get("/x")))();
      '
      kill -TERM %1; wait %1
    `);
    expect(err).not.toMatch(STACK);
    expect(status).toBe(0);
    expect(out).toMatch(/^ready p4runtime=127\.0\.0\.1:\d+ device=7 ports=1=p1 status=9560/);
    const json = out.slice(out.indexOf('{'), out.indexOf('\n}') + 2);
    expect(JSON.parse(json)).toMatchObject({
      ready: true,
      deviceId: 7,
      pipeline: null,
      ports: [
        {
          number: 1,
          interface: 'p1',
          io: { sendsByXdp: expect.any(Boolean) as boolean, receivesByXdp: false },
          kernel: { rxErrors: 0 },
          linkUp: true,
          queue: { rateBps: 10_000_000, boundOctets: 65_536, priorities: 2, overheadOctets: 24 },
          txLatencyNs: { samples: 0 },
        },
      ],
      drops: { droppedByProgram: 0 },
      p4runtime: { clients: 0 },
    });
    expect(out).toContain('timeplane_switch_port_link_up{port="1",interface="p1"} 1');
    expect(out).toMatch(/timeplane_switch_interface\{.*counter="tx_dropped"\} \d/);
    expect(out).toContain('there are /status.json and /metrics');
  });

  it('names a missing interface and what to do', () => {
    const outcome = inNamespace('$SWITCH --listen 127.0.0.1:0 --port 1=nosuch0');
    expectMistake(outcome, 1, 'port 1: there is no interface nosuch0', '--wait SECONDS');
  });

  it('waits for an interface with --wait', () => {
    const { status, out, err } = inNamespace(`
      $SWITCH --listen 127.0.0.1:0 --wait 20 --port 1=p1 > out.log 2> err.log &
      until_in 'waiting for it' err.log
      ip link add p1 type veth peer name h1
      untilReady; cat out.log; cat err.log >&2; kill -INT %1; wait %1
    `);
    expect(err).toContain('waiting for it');
    expect(out).toContain('ready');
    expect(status).toBe(0);
  });

  it('can be stopped while it waits', () => {
    const { status } = inNamespace(`
      $SWITCH --listen 127.0.0.1:0 --wait 600 --port 1=p1 2> err.log &
      until_in 'waiting for it' err.log; kill -INT %1; wait %1
    `);
    expect(status).toBe(0);
  });

  it('survives an interface that goes away, and takes it up again', () => {
    const { status, err } = inNamespace(`
      ip link add p1 type veth peer name h1; ip link set p1 up; ip link set h1 up
      $SWITCH --listen 127.0.0.1:0 --port 1=p1 > out.log 2> err.log &
      untilReady
      ip link del p1; until_in 'the interface is gone' err.log
      ip link add p1 type veth peer name h1; ip link set p1 up; ip link set h1 up
      until_in 'the link is up' err.log
      kill -TERM %1; wait %1; code=$?; cat err.log >&2; exit $code
    `);
    expect(err).toContain('the link is down, or the interface is gone: waiting for it');
    expect(err).toContain('the link is up');
    expect(err).not.toMatch(STACK);
    expect(status).toBe(0);
  });

  it('names an address that is in use and what to do', () => {
    const outcome = inNamespace(`
      taken 9559
      $SWITCH; code=$?; kill %1; exit $code
    `);
    expectMistake(outcome, 1, 'cannot listen on 127.0.0.1:9559', 'EADDRINUSE', '--listen');
  });

  it('names a status address that is in use, and leaves the first one free again', () => {
    const outcome = inNamespace(`
      taken 9560
      $SWITCH --status 127.0.0.1:9560; code=$?; kill %1; exit $code
    `);
    expectMistake(outcome, 1, 'cannot listen on 127.0.0.1:9560', '--status');
  });

  it('says that a permission is missing and how to get it', () => {
    const outcome = inNamespace('unshare --user $SWITCH --listen 127.0.0.1:0 --port 1=lo');
    expectMistake(outcome, 1, 'no permission', 'CAP_NET_RAW');
    expect(outcome.err.match(/unshare -Urn/g)).toHaveLength(1);
  });

  it.each([
    ['--listen 0.0.0.0:9559', 'not a loopback address'],
    ['--tls-cert a.pem', '--tls-key and --tls-client-ca are missing'],
    ['--tls-cert a.pem --tls-client-ca b.pem', '--tls-key is missing'],
    ['--threads 2 --processor 0', '--processor names 1 for --threads 2'],
    ['--status 192.0.2.1:80', 'not a loopback address'],
    ['--port 1', 'is not NUMBER=INTERFACE'],
    ['--port 1=a --port 1=b', 'port 1 is given twice'],
    ['--queue 3:rate=1Mbit', 'there is no such port'],
    ['--queue 3:rate=quick', "'quick' is not something like 100Mbit"],
    ['--device-id 0', 'from 1 to 2^64 - 1'],
    ['--nonsense', 'unknown option'],
  ])('refuses %s', (options, text) => {
    expectMistake(inNamespace(`$SWITCH ${options}`), 2, text);
  });

  it.each([
    ['--tls-cert a --tls-key b --tls-client-ca c', '--tls-cert: ENOENT'],
    ['--pipeline-cache /proc/nowhere', '--pipeline-cache: ENOENT'],
    ['--processor 1023', '--processor 1023: '],
  ])('does not start with %s', (options, text) => {
    expectMistake(inNamespace(`$SWITCH --listen 127.0.0.1:0 ${options}`), 1, text);
  });

  it('runs without a C compiler, and says at once that it cannot build pipelines', () => {
    const script = `
      $SWITCH --listen 127.0.0.1:0 > out.log 2> err.log &
      untilReady; until_in 'no C compiler' err.log; kill -TERM %1; wait %1
      code=$?; cat err.log >&2; exit $code
    `;
    const { status, err } = inNamespace(script, { CC: '/nonexistent/cc' });
    expect(err).toContain('there is no C compiler');
    expect(status).toBe(0);
  });
});
