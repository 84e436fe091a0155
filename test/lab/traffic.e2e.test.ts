/** The cross traffic alone: source, a token bucket as in the lab, sink. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { helperPath } from '#lab/peers/helpers';
import { WIRE_OVERHEAD_BYTES } from '#lab/namespaces/links';
import { extendPath, hasProgram } from '#lab/namespaces/sandbox';

extendPath();

const RATE_BITS = 100_000_000;
const BOUND_BYTES = 131_072;
const FRAME_BYTES = 1514;
const SECONDS = 2;

/** Runs source and sink at both ends of a veth pair whose sending side has the rate and the bound. */
const script = (load: number) => `
  set -e
  ip link add name a address 02:00:00:00:00:01 type veth peer name b address 02:00:00:00:00:02
  ip link set dev a addrgenmode none up
  ip link set dev b addrgenmode none up
  ip link add name in0 type veth peer name in1
  ip link set dev in0 addrgenmode none up
  ip link set dev in1 addrgenmode none up
  tc qdisc add dev a root tbf rate ${RATE_BITS}bit burst 3076 limit ${BOUND_BYTES} overhead ${WIRE_OVERHEAD_BYTES}
  tc qdisc add dev in1 ingress
  tc filter add dev in1 ingress protocol all prio 1 u32 match u32 0 0 action mirred egress redirect dev a
  ${helperPath('traffic_sink')} b 02:00:00:00:00:02 & sink=$!
  sleep 1 # a link's queue works only when the kernel has noticed that the link is up
  timeout ${SECONDS} ${helperPath('traffic_source')} in0 02:00:00:00:00:01 02:00:00:00:00:02 \\
    ${RATE_BITS} ${load} ${BOUND_BYTES} ${FRAME_BYTES} 7 || true
  sleep 0.2
  kill $sink
  wait $sink
`;

function counts(load: number): Partial<Record<string, number>> {
  const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
  const run = spawnSync('unshare', [...user, '--net', 'sh', '-c', script(load)], {
    encoding: 'utf8',
  });
  expect(run.stderr).toBe('');
  const found = [...run.stdout.matchAll(/(\w+) (\d+)/g)];
  return Object.fromEntries(found.map((match) => [match[1] ?? '', Number(match[2])] as const));
}

const missing = ['ip', 'tc', 'unshare', 'timeout'].filter((name) => !hasProgram(name));

describe.skipIf(missing.length > 0)('cross traffic', () => {
  it('under a load of 0.9 comes to nine tenths of the rate and hardly loses a frame', () => {
    const { sent = 0, received = 0, overrun, reordered } = counts(0.9);
    expect({ overrun, reordered }).toEqual({ overrun: 0, reordered: 0 });
    // A source that the scheduler held up in a burst may meet the next one: a frame or two then.
    expect(received).toBeGreaterThan(0.995 * sent);
    const rate = (sent * 8 * (FRAME_BYTES + WIRE_OVERHEAD_BYTES)) / SECONDS;
    expect(rate / RATE_BITS).toBeGreaterThan(0.75);
    expect(rate / RATE_BITS).toBeLessThan(1);
  });

  it('beyond the rate is lost in the bounded queue, and counted', () => {
    const { sent = 0, received = 0 } = counts(1.5);
    expect(received).toBeGreaterThan(0);
    expect(received).toBeLessThan(0.85 * sent);
  });
});
