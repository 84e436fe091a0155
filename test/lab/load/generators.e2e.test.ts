/**
 * The generators against each other, on a link and over a kernel bridge, where nothing of ours stands
 * between them.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { generatorPath, parseReport, REPORTS, type Generator } from '#lab/load/generators';
import { labObstacle } from '../support/lab-command.js';

const reason = labObstacle();
if (reason !== '') console.warn(`the generators are skipped: ${reason}`);

/** Ends l1 and l2 of one link; t1, t2 and t3 at a bridge. */
const NETWORK = `
  set -e
  up() { ip link set $1 addrgenmode none up; ethtool -K $1 tx off rx off gro off > /dev/null; }
  ip link add l1 address 02:00:00:00:00:0a type veth peer name l2 address 02:00:00:00:00:0b
  up l1; up l2
  ip link add br0 type bridge mcast_snooping 0
  ip link set br0 addrgenmode none up
  for i in 1 2 3; do
    ip link add t$i address 02:00:00:00:00:0$i type veth peer name b$i
    up t$i; up b$i
    ip link set b$i master br0
  done
  # A bridge forwards when its ports have noticed that they are up.
  until [ "$(bridge link show | grep -c forwarding)" = 3 ]; do sleep 0.1; done
`;

/** Runs a shell script in a network of its own and returns each line that it printed. */
function run(script: string): string[] {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const done = spawnSync('unshare', [...user, '--net', 'sh', '-c', NETWORK + script], {
    encoding: 'utf8',
  });
  expect(done.stderr).toBe('');
  expect(done.status).toBe(0);
  return done.stdout.split('\n');
}

function reportOf<G extends Generator>(generator: G, lines: readonly string[]) {
  const report = parseReport(generator, lines);
  expect(report, lines.join('\n')).not.toBeNull();
  if (report === null) throw new Error('no report');
  return report;
}

const NOTHING_WRONG = {
  ...{ checksum: 0, correction: 0, receiveTime: 0 },
  ...{ destination: 0, flags: 0, server: 0 },
};

describe.skipIf(reason !== '')('the generators', () => {
  it('need a build', () => {
    const all = Object.keys(REPORTS) as Generator[];
    expect(all.filter((one) => !existsSync(generatorPath(one)))).toEqual([]);
  });

  it.each([
    ['L2', 'multicast'],
    ['L2', 'unicast'],
    ['UDPv4', 'multicast'],
    ['UDPv4', 'unicast'],
    ['UDPv6', 'multicast'],
    ['UDPv6', 'unicast'],
  ])('a crowd asks by %s, %s, and is answered by the time transmitter', (transport, cast) => {
    const lines = run(`
      ${generatorPath('ptp_master')} l1 --transport ${transport} --seconds 1.5 > /dev/null &
      sleep 0.2
      ${generatorPath('ptp_clients')} l2 --transport ${transport} --cast ${cast} --clients 20 \\
        --rate 10 --seconds 0.5 --sample-every 10 --server-mac 02:00:00:00:00:0a \\
        --server-ipv4 198.19.0.1 --server-ipv6 fe80::1
      wait
    `);
    const report = reportOf('ptp_clients', lines);
    expect(report).toMatchObject({ clients: 20, sent: 100, answered: 100 });
    expect(report).toMatchObject({ duplicates: 0, late: 0, stray: 0, wrong: NOTHING_WRONG });
    expect(report.overruns).toBe(0);
    const [least, most] = report.clockOffsetNs ?? [Number.NaN, Number.NaN];
    // One clock: no more than the tolerance of the check.
    expect(least).toBeLessThanOrEqual(10_000);
    expect(most).toBeGreaterThanOrEqual(-10_000);
    expect(most - least).toBeLessThan(1_000_000);
    expect(report.latencyNs?.count).toBe(10);
    expect(report.latencyNs?.min).toBeGreaterThan(0);
    // Received after it was sent, and at once: it is one link and one clock.
    expect(report.receiveTimeNs?.min).toBeGreaterThanOrEqual(0);
    expect(report.receiveTimeNs?.p50).toBeLessThan(50_000);
  });

  it('a crowd without a server has no answers, and says so', () => {
    const options = '--clients 5 --rate 10 --seconds 0.5';
    const report = reportOf('ptp_clients', run(`${generatorPath('ptp_clients')} l1 ${options}`));
    expect(report).toMatchObject({ sent: 25, answered: 0, stray: 0, latencyNs: null });
  });

  it('a crowd does not wait for ever for answers among other messages', () => {
    const began = Date.now();
    const lines = run(`
      ${generatorPath('ptp_master')} l1 --domain 7 --log-announce -5 --seconds 3 > /dev/null &
      ${generatorPath('ptp_clients')} l2 --clients 5 --rate 10 --seconds 0.5
      kill $! && wait
    `);
    expect(reportOf('ptp_clients', lines)).toMatchObject({ sent: 25, answered: 0 });
    expect(Date.now() - began).toBeLessThan(2_500);
  });

  it('of two time transmitters on one link, the crowd takes one and blames the other', () => {
    const lines = run(`
      ${generatorPath('ptp_master')} t1 --seconds 1.5 > /dev/null &
      ${generatorPath('ptp_master')} t2 --seconds 1.5 > /dev/null &
      sleep 0.2
      ${generatorPath('ptp_clients')} t3 --clients 10 --rate 10 --seconds 0.5
      wait
    `);
    const report = reportOf('ptp_clients', lines);
    expect(report).toMatchObject({ sent: 50, answered: 50 });
    // It ends with its last answer, and need not see what the other one says to that.
    expect(report.wrong.server + report.duplicates).toBeGreaterThanOrEqual(48);
  });

  it.each([
    ['one', 'one'],
    ['two', 'two'],
    ['one', 'two'],
  ])('%s-step and %s-step peers measure the link that they share', (left, right) => {
    const peer = generatorPath('ptp_link_peer');
    const lines = run(`
      ${peer} l1 --step ${left} --log-interval -5 --seconds 1.4 > /dev/null &
      ${peer} l2 --step ${right} --log-interval -5 --seconds 1
      wait
    `);
    const report = reportOf('ptp_link_peer', lines);
    expect(report.requests).toBeGreaterThanOrEqual(30);
    // The other one may have started a moment later.
    expect(report.unanswered).toBeLessThanOrEqual(2);
    expect(report).toMatchObject({ wrong: 0, repeated: 0, stampsMissed: 0 });
    expect(Math.abs(report.linkDelayNs?.p50 ?? Number.NaN)).toBeLessThan(5_000);
    expect(report.turnaroundNs?.min).toBeGreaterThan(0);
    expect(report.turnaroundErrorNs === null).toBe(right === 'two');
  });

  it('a second responder on the link is noticed', () => {
    const peer = generatorPath('ptp_link_peer');
    const lines = run(`
      ip link set br0 type bridge group_fwd_mask 0x4000
      ${peer} t1 --ask off --seconds 1.4 > /dev/null &
      ${peer} t2 --ask off --seconds 1.4 > /dev/null &
      sleep 0.2
      ${peer} t3 --log-interval -5 --seconds 1
      wait
    `);
    const report = reportOf('ptp_link_peer', lines);
    expect(report.repeated).toBeGreaterThanOrEqual(28);
  });

  it.each([
    ['L2', 'one'],
    ['UDPv4', 'two'],
    ['UDPv6', 'one'],
  ])('the probe sees what a bridge does not correct: %s, %s-step', (transport, step) => {
    const options = `--transport ${transport} --step ${step} --rate 200 --seconds 0.5`;
    const report = reportOf('ptp_probe', run(`${generatorPath('ptp_probe')} t1 t2 ${options}`));
    expect(report).toMatchObject({ sent: 100, received: 100, repeated: 0, withoutFollowUp: 0 });
    expect(report).toMatchObject({ badChecksums: 0, stampsMissed: 0 });
    expect(report.residenceNs).toMatchObject({ min: 0, max: 0 });
    expect(report.errorNs).toEqual(report.transitNs);
    expect(report.errorNs?.min).toBeGreaterThan(0);
  });

  it('a storm sends its kinds in turn, and all that it says', () => {
    const lines = run(`
      ${generatorPath('ptp_storm')} l1 --kinds sync,cut,plain --rate 3000 --seconds 0.5
      cat /proc/self/net/dev
    `);
    const { sent, kinds } = reportOf('ptp_storm', lines);
    expect(sent).toBeGreaterThan(1_200);
    const counts = Object.values(kinds);
    expect(Object.keys(kinds)).toEqual(['sync', 'cut', 'plain']);
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(sent);
    expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    const other = lines.find((line) => line.trim().startsWith('l2:'));
    expect(other?.trim().split(/\s+/)[2]).toBe(String(sent));
  });

  it.each([
    ['ptp_storm', 'a --kinds sync,hurricane', 'no such kind: hurricane'],
    ['ptp_clients', 'a --rate fast', "'fast' is no number"],
    ['ptp_clients', 'a --transport smoke', 'one of L2 UDPv4 UDPv6'],
    ['ptp_master', 'a --step', 'without a value'],
    ['ptp_link_peer', 'a --colour blue', 'no option'],
  ] as const)('%s refuses what makes no sense: %s', (generator, args, said) => {
    const done = spawnSync(generatorPath(generator), args.split(' '), { encoding: 'utf8' });
    expect(done.status).toBe(2);
    expect(done.stderr).toContain(said);
  });
});
