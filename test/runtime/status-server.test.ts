import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { portCounters, switchDrops } from '#dataplane/counters';
import { UNKNOWN_SLOT } from '#dataplane/program';
import { summariseResidence } from '#dataplane/residence';
import { startStatusServer, type StatusServer } from '#runtime/status-server';
import type { AgentStatus } from '#runtime/status';
import { ptpStatus } from '../support/ptp-status.js';

/** Two by the port itself, and one by a port that nobody configured. */
const DROPPED = new Map([
  ['ingress_dropped/2', 2n],
  [`ingress_dropped/${UNKNOWN_SLOT * 32 + 2}`, 1n],
]);

const counters = portCounters(
  new Map([
    ...DROPPED,
    ['ptp_received/0', 5n],
    ['ptp_sent/9', 6n],
    ['answered/1', 7n],
    ['punt_metered/13', 8n],
    ['two_step/2', 9n],
    ['untouched/0', 10n],
  ]),
  0,
);

const STATUS: AgentStatus = {
  version: '0.0.0',
  ready: true,
  target: {
    kind: 'native',
    address: '127.0.0.1:1',
    deviceId: '1',
    electionId: '1',
    phase: 'primary',
    reason: '',
    timestampResolutionNs: 1,
    txHalf: 'deferred',
    notes: [],
  },
  pipeline: { name: 'main_native', cookie: '00', pushes: 1, entries: 1 },
  clock: { identity: '001122.fffe.334455', domainNumber: 24 },
  ports: [
    {
      number: 1,
      name: 'gm',
      ptp: 'transparent',
      step: 'one',
      vlan: { native: 1, tagged: [] },
      ...counters,
      residenceNs: summariseResidence([0n, 0n, 4n]),
    },
  ],
  macTable: {
    entries: 0,
    maxEntries: 1,
    learned: 0,
    moved: 0,
    aged: 0,
    refusedFull: 0,
    refusedInvalid: 0,
    writeFailed: 0,
  },
  malformed: counters.malformed,
  drops: switchDrops(DROPPED, [0]),
  digests: { received: 0, postponed: 0, undecodable: 0 },
  ptp: ptpStatus(),
  countersCurrent: true,
};

let server: StatusServer | null = null;

afterEach(async () => {
  await server?.close();
  server = null;
});

async function serve(): Promise<string> {
  const started = await startStatusServer({ host: '127.0.0.1', port: 0 }, () =>
    Promise.resolve(STATUS),
  );
  if (!started.ok) throw new Error(started.error.message);
  server = started.value;
  return `http://127.0.0.1:${started.value.port}`;
}

describe('the status server', () => {
  it('tells the status as JSON', async () => {
    const response = await fetch(`${await serve()}/status.json`);
    expect(response.headers.get('content-type')).toBe('application/json');
    expect(await response.json()).toEqual(STATUS);
  });

  it('tells metrics, and the same at the second scrape', async () => {
    const url = await serve();
    for (let scrape = 0; scrape < 2; scrape += 1) {
      const text = await (await fetch(`${url}/metrics`)).text();
      expect(text).toContain('timeplane_agent_ready 1');
      for (const [name, labels, value] of [
        ['ptp_received_total', 'type="sync"', '5'],
        ['ptp_sent_total', 'type="delayResp"', '6'],
        ['ptp_answered_total', 'type="delayReq"', '7'],
        ['ptp_punt_metered_total', 'type="management"', '8'],
        ['two_step_total', 'outcome="generated"', '9'],
        ['ptp_untouched_total', 'reason="ipv4Fragment"', '10'],
        ['port_dropped_total', 'stage="ingress",reason="vlanNotAdmitted"', '2'],
        ['mean_link_delay_seconds', '', '4.3225e-7'],
        ['neighbor_rate_offset_ppb', '', '-1234.56'],
        ['peer_delay_valid', '', '1'],
        ['peer_delay_events_total', 'event="responsesLost"', '2'],
        ['residence_seconds', 'quantile="0"', '2e-9'],
        ['residence_seconds', 'quantile="0.99"', '2e-9'],
      ]) {
        const all = `port="1",name="gm"${labels === '' ? '' : ','}${labels}`;
        expect(text).toContain(`timeplane_agent_${name}{${all}} ${value}`);
      }
      expect(text).not.toContain('timeplane_agent_as_capable{');
      expect(text).toContain('timeplane_agent_packets_total{event="sent"} 0');
      expect(text).toContain('timeplane_agent_syntonized 0');
      expect(text).toContain('timeplane_agent_ledger_records_total 3');
      expect(text).toContain('timeplane_agent_ledger_error_seconds{quantile="0.99"} 2.5e-7');
      expect(text).toContain(
        'timeplane_agent_dropped_total{stage="ingress",reason="vlanNotAdmitted"} 3',
      );
    }
  });

  it('knows nothing else and takes nothing', async () => {
    const url = await serve();
    expect((await fetch(`${url}/other`)).status).toBe(404);
    expect((await fetch(`${url}/status.json`, { method: 'POST' })).status).toBe(405);
  });

  it('says when its address is taken', async () => {
    const other = createServer();
    const port = await new Promise<number>((resolve) => {
      other.listen(0, '127.0.0.1', () => {
        const address = other.address();
        resolve(typeof address === 'object' && address !== null ? address.port : 0);
      });
    });
    const started = await startStatusServer({ host: '127.0.0.1', port }, () =>
      Promise.resolve(STATUS),
    );
    expect(started).toEqual({
      ok: false,
      error: {
        code: 'status-address',
        message:
          `cannot serve the status on 127.0.0.1:${port}: another process listens there; ` +
          'choose another address for "status"',
      },
    });
    other.close();
  });
});
