/** What tcpdump captures and ptp4l logs at a bridge of Linux, measured. */
import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { measureResidence } from '#lab/instrument/measure-residence';
import { measureTime } from '#lab/instrument/measure-time';
import { jsonText } from '#lab/instrument/outputs';
import { extendPath, hasProgram } from '#lab/namespaces/sandbox';
import { testFolder } from './files.js';

extendPath();
const missing = ['ip', 'unshare', 'tcpdump', 'ptp4l'].filter((name) => !hasProgram(name));
const { path, write } = testFolder();
const SILENT = { update: () => {}, done: () => {}, clear: () => {} };
const versions = {};

const SECONDS = 7;

/** A grandmaster, a bridge with a capture at either side, and a client; nobody touches a clock. */
function script(folder: string, config: string): string {
  return `
  set -e
  cd ${folder}
  ip link add name gm0 type veth peer name sw1
  ip link add name cl0 type veth peer name sw2
  ip link add name br0 type bridge mcast_snooping 0
  for link in gm0 sw1 cl0 sw2 br0; do ip link set dev $link addrgenmode none up; done
  ip link set dev sw1 master br0
  ip link set dev sw2 master br0
  tcpdump -Z root -i sw1 -Q in --time-stamp-precision=nano -w in.pcap 2>in.txt & before=$!
  tcpdump -Z root -i sw2 -Q out --time-stamp-precision=nano -w out.pcap 2>out.txt & behind=$!
  sleep 1
  timeout ${SECONDS} ptp4l -i gm0 -f ${config} --masterOnly 1 --uds_address ${folder}/g >g.log 2>&1 &
  timeout ${SECONDS} ptp4l -i cl0 -m -f ${config} -s --uds_address ${folder}/c >client.log 2>&1 || true
  kill $before $behind
  wait
`;
}

const CONFIG = `[global]
network_transport L2
time_stamping software
logSyncInterval -5
logMinDelayReqInterval -5
logAnnounceInterval -2
free_running 1
summary_interval -5
`;

describe.skipIf(missing.length > 0)(`tcpdump and ptp4l (not there: ${missing.join(' ')})`, () => {
  it('have told the residence of a bridge and the error of a client', async () => {
    const config = write('ptp4l.cfg', CONFIG);
    const user = process.getuid?.() === 0 ? [] : ['--user', '--map-root-user'];
    const run = spawnSync('unshare', [...user, '--net', 'sh', '-c', script(path('.'), config)], {
      encoding: 'utf8',
    });
    expect(run.status, run.stderr).toBe(0);

    const residence = await measureResidence(
      {
        ...{ before: path('in.pcap'), behind: path('out.pcap'), versions, command: '' },
        captures: { octets: 128, longestSeconds: 1 },
        floor: { clusterNs: 150_000, windowSeconds: 200 },
      },
      SILENT,
    );
    expect(residence.problems).toEqual([]);
    const document = JSON.parse(jsonText(residence.found?.outputs.document)) as {
      counts: { matched: number; framesIn: number };
      groups: { name: string; residence: { minNs: number; packets: number } }[];
    };
    const sync = document.groups.find(({ name }) => name === 'Sync');
    expect(sync?.residence.packets).toBeGreaterThan(50);
    // No bridge in software is faster, and a millisecond would not be the least of a hundred.
    expect(sync?.residence.minNs).toBeGreaterThan(50);
    expect(sync?.residence.minNs).toBeLessThan(1_000_000);
    expect(document.counts.matched / document.counts.framesIn).toBeGreaterThan(0.95);

    const time = await measureTime(
      {
        ...{ file: path('client.log'), log: {}, grid: {}, masks: [], versions, command: '' },
        ...{ metrics: ['mtie'], confidence: 0.95 },
      },
      SILENT,
    );
    expect(time.problems).toEqual([]);
    expect(time.found?.outputs.samples[1]?.values.length).toBeGreaterThanOrEqual(2);
  });
});
