/** The tables of `timeplane show`, from a fixed status. */
import pc from 'picocolors';
import { describe, expect, it } from 'vitest';
import type { AgentStatus } from '#runtime/status';
import { vlanRanges } from '#cli/show/ports';
import { openScreen } from '#cli/show/screen';
import { renderSubject, SUBJECTS, type SubjectName } from '#cli/show/subjects';
import { newPtpStatus } from '../support/ptp-status.js';
import { later, NOT_READY, STATUS } from './show-status.js';

const colours = pc.createColors(false);

/** Each row of the tables as its cells. */
function rows(text: string): string[][] {
  return text
    .split('\n')
    .filter((line) => line.startsWith('│'))
    .map((line) =>
      line
        .split('│')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    );
}

function show(name: SubjectName, status: AgentStatus = STATUS): string {
  return renderSubject(name, { now: { status, atMs: 0 }, colours });
}

/** As shown two seconds after `before`; null: with no reading before. */
function watched(name: SubjectName, now: AgentStatus, before: AgentStatus | null): string {
  return renderSubject(name, {
    now: { status: now, atMs: 3_000 },
    before: before === null ? null : { status: before, atMs: 1_000 },
    colours,
  });
}

describe('show ports', () => {
  it('has mode, step, VLANs and totals of each port', () => {
    const head = ['port', 'name', 'PTP', 'step', 'native VLAN', 'tagged VLANs'];
    expect(rows(show('ports'))).toEqual([
      [...head, 'received', 'sent', 'corrected', 'answered', 'malformed', 'dropped'],
      ['1', 'gm', 'transparent', 'two', '1', '10-12, 30', '1007', '41', '40', '7', '3', '11'],
      ['2', 'client', 'off', 'one', '–', '–', '0', '0', '0', '0', '1', '0'],
    ]);
  });

  it('keeps a long list of VLANs short', () => {
    expect(vlanRanges([2, 4, 6, 8, 10, 12, 14, 16])).toBe('2, 4, 6, 8, 10, 12, and 2 more');
    expect(vlanRanges(Array.from({ length: 4_000 }, (_, i) => i + 1))).toBe('1-4000');
  });
});

describe('show residence', () => {
  it('has times with the unit that fits, and none where nothing was counted', () => {
    expect(rows(show('residence'))).toEqual([
      ['port', 'name', 'count', 'min', 'p50', 'p99', 'max'],
      ['1', 'gm', '40', '567 ns', '1.23 µs', '56.8 µs', '1.23 ms'],
      ['2', 'client', '0', '–', '–', '–', '–'],
    ]);
  });

  it('says that the end of the histogram is a lower bound', () => {
    const ports = STATUS.ports.map((port) => ({
      ...port,
      residenceNs: { count: 1, min: 2, p50: 2 ** 32 - 1, p99: 2 ** 32, max: 2 ** 32 },
    }));
    expect(rows(show('residence', { ...STATUS, ports }))[1]?.slice(4)).toEqual([
      '4.29 s',
      '≥ 4.29 s',
      '≥ 4.29 s',
    ]);
  });
});

describe('show counters', () => {
  it('has what was counted, and leaves out what was not', () => {
    expect(rows(show('counters'))).toEqual([
      ['port', 'name', 'message', 'received', 'sent', 'corrected', 'answered', 'metered'],
      ['1', 'gm', 'Sync', '1000', '0', '0', '0', '0'],
      ['1', 'gm', 'Delay_Req', '0', '41', '40', '0', '0'],
      ['1', 'gm', 'Pdelay_Req', '7', '0', '0', '7', '0'],
      ['1', 'gm', 'PTP version 1', '5', '–', '–', '–', '–'],
      ['port', 'name', 'two-step', 'messages'],
      ['1', 'gm', 'residence recorded', '40'],
      ['1', 'gm', 'record added to what follows', '39'],
      ['port', 'name', 'reason', 'frames'],
      ['1', 'gm', 'ipv4Fragment', '2'],
      ['reason', 'frames', 'by port'],
      ['truncated', '4', 'gm 3, client 1'],
      ['reason', 'ingress', 'egress', 'by port'],
      ['vlanNotAdmitted', '9', '0', 'gm 8'],
      ['malformed', '4', '0', 'gm 3'],
      ['residenceTooLong', '0', '6', ''],
      ['digest lists', 'count'],
      ['received', '21'],
      ['postponed', '1'],
      ['undecodable', '0'],
    ]);
  });

  it('says "none" where a table would be empty', () => {
    const text = show('counters', { ...STATUS, ports: [] });
    expect(text).toMatch(/^messages: none$/m);
  });

  it('shows what only a later agent counts, by its own name', () => {
    const drops = { ...STATUS.drops, ingress: { ...STATUS.drops.ingress, cosmicRay: 1 } };
    expect(rows(show('counters', { ...STATUS, drops }))).toContainEqual([
      'cosmicRay',
      '1',
      '–',
      '',
    ]);
  });
});

describe('show peer-delay', () => {
  it('has each link, and what went wrong there', () => {
    const cells = rows(show('peer-delay'));
    expect(cells[1]).toEqual([
      ...['1', 'gm', 'valid', '001122.fffe.334455-1', 'two', '432 ns', '440 ns', '6 ns'],
      ...['432 ns', '-1234.6 ppb', '–', '100', '3'],
    ]);
    expect(cells.slice(2)).toEqual([
      ['port', 'name', 'trouble', 'count'],
      ['1', 'gm', 'responsesLost', '2'],
      ['1', 'gm', 'followUpsLost', '1'],
      ['1', 'gm', 'delaysRejected', '7'],
    ]);
  });

  it('says of a link delay that it is not of now', () => {
    const { ptp } = STATUS;
    const ports = ptp.peerDelay.ports.map((report) => ({ ...report, current: false }));
    const text = show('peer-delay', {
      ...STATUS,
      ptp: { ...ptp, peerDelay: { ...ptp.peerDelay, ports } },
    });
    expect(rows(text)[1]?.[5]).toBe('432 ns (old)');
  });

  it('says so where no port asks', () => {
    const text = show('peer-delay', { ...STATUS, ptp: newPtpStatus() });
    expect(text).toMatch(/^peer delay: none$/m);
  });
});

describe('show ledger', () => {
  it('has how wrong corrections were, and the newest records', () => {
    const [, summary, , record] = rows(show('ledger'));
    expect(summary).toEqual(['3', '2', '0', '0 ns', '2 ns', '1 ns', '250 ns', '2.00 µs']);
    expect(record).toEqual([
      ...['gm', 'client', 'Sync', '001122.fffe.334455-1', '4711', '24/256', '281474976710655'],
      ...['1.23 µs', '0 ns', '0 ns', '1.23 µs', '1 ns'],
    ]);
  });

  it('says what to configure where nothing is sampled', () => {
    expect(show('ledger', { ...STATUS, ptp: newPtpStatus() })).toContain('ledger.sampleEvery');
  });
});

describe('show clock', () => {
  const { ptp } = STATUS;
  const told = (more: Partial<AgentStatus['ptp']>) =>
    rows(show('clock', { ...STATUS, ptp: { ...ptp, ...more } }));

  it('has who we are, and what we go by', () => {
    expect(told({})).toContainEqual(['clockIdentity', '001122.fffe.334455']);
    expect(told({})).toContainEqual(['primaryDomain', '24']);
    expect(told({})).toContainEqual(['residence by', 'our own oscillator']);
    expect(told({})).toContainEqual(['PTP time', 'not needed: no boundary port']);
  });

  it('has whose rate it is, and makes up no master', () => {
    const syntonization = {
      domainNumber: 0,
      sdoId: 0,
      port: null,
      condition: 'listening',
      master: null,
      rateOffsetPpb: null,
      appliedPpb: null,
      counters: {},
    } as unknown as NonNullable<AgentStatus['ptp']['syntonization']>;
    const by = (more: Partial<typeof syntonization>) =>
      told({ syntonization: { ...syntonization, ...more } }).find(
        ([about]) => about === 'residence by',
      )?.[1];
    expect(by({})).toBe('no master yet (listening)');
    const known = { master: '001122.fffe.334455-1', condition: 'measuring' } as const;
    expect(by(known)).toBe('the rate of 001122.fffe.334455-1 (measuring)');
    expect(by({ ...known, condition: 'locked', rateOffsetPpb: 32.25 })).toBe(
      'the rate of 001122.fffe.334455-1 (locked), 32.3 ppb',
    );
  });

  it('has the time of boundary ports, and where it is from', () => {
    const clock = { source: 'system', readings: 16, lost: 0, roundTripNs: 250_000 } as const;
    const time = (errorBoundNs: number | null) =>
      told({ clock: { ...clock, errorBoundNs, referencePtpNs: '1' } });
    expect(time(125_000)).toContainEqual([
      'PTP time',
      'from the system clock, running freely; set to 125 µs',
    ]);
    expect(time(0)).toContainEqual(['PTP time', 'the system clock of the switch']);
  });

  it('has what happened, and leaves out what did not', () => {
    const management = { ...ptp.management, replies: 3 };
    const cells = told({ management });
    expect(cells).toContainEqual(['management', 'replies', '3']);
    expect(cells.some(([about]) => about === 'syntonization')).toBe(false);
  });
});

describe('show capabilities', () => {
  it('has what each target can, and the reason of what it cannot', () => {
    const text = show('capabilities');
    expect(rows(text)[0]).toEqual(['feature', 'native', 'bmv2']);
    expect(rows(text)).toContainEqual(['steps of its time', '1 ns', '1.00 µs']);
    const impossible = rows(text).filter((cells) => cells.includes('no'));
    expect(impossible.length).toBeGreaterThan(0);
    for (const row of impossible) {
      expect(text).toContain(`no: ${row[0]}: `);
    }
    expect(text).toContain('This agent drives native at 127.0.0.1:9559. It can all');
  });

  it('says what of the configuration is too much for the target in use', () => {
    const target = { ...STATUS.target, notes: ['ports[0].step: not on a stone'] };
    expect(show('capabilities', { ...STATUS, target })).toMatch(/:\n {2}ports\[0\].step: not on/);
  });
});

describe('show mac-table', () => {
  it('tells how full it is and what became of stations', () => {
    const text = show('mac-table');
    expect(text).toMatch(/^MAC table: 12 of 4096 entries$/m);
    expect(rows(text).slice(0, 4)).toEqual([
      ['stations', 'count'],
      ['learned', '17'],
      ['moved to another port', '2'],
      ['aged out', '3'],
    ]);
  });
});

describe('while watching', () => {
  it('there is no rate yet at the first reading', () => {
    expect(rows(watched('residence', STATUS, null))[1]?.at(-1)).toBe('–');
  });

  it.each([
    ['ports', ['1', 'gm'], ['128', '0', '0']],
    ['residence', ['1', 'gm'], ['128']],
    ['counters', ['1', 'gm', 'Sync'], ['128', '0', '0']],
    ['counters', ['residenceTooLong'], ['0', '128', '']],
    ['mac-table', ['learned'], ['128']],
    ['peer-delay', ['1', 'gm', 'valid'], ['128']],
    ['ledger', ['259'], ['128']],
  ] as const)('%s has the rates of %j', (name, start, rates) => {
    const row = rows(watched(name, later(256), STATUS)).find((cells) =>
      start.every((cell, i) => cells[i] === cell),
    );
    expect(row?.slice(-rates.length)).toEqual(rates);
  });

  it.each([
    ['counters went back', STATUS, later(256)],
    [
      'the pipeline was pushed',
      { ...later(9), pipeline: { ...STATUS.pipeline, pushes: 2 } },
      STATUS,
    ],
    ['counters are old', { ...later(9), countersCurrent: false }, STATUS],
    ['the port is new', later(9), { ...STATUS, ports: [] }],
  ])('no rate is made up when %s', (_why, now, before) => {
    expect(rows(watched('residence', now, before))[1]?.at(-1)).toBe('–');
  });
});

describe('every subject', () => {
  const names = Object.keys(SUBJECTS) as SubjectName[];

  it.each(names)('%s says above its table that the agent is not ready, and why', (name) => {
    const [first, second] = show(name, NOT_READY).split('\n');
    expect(first).toBe('not ready (waiting): no connection to 127.0.0.1:9559');
    expect(second).toContain('the last known ones');
  });

  it.each(names)('%s lets nothing through that moves the cursor', (name) => {
    const evil = { ...NOT_READY.target, reason: 'a\u001b[2Jb' };
    const ports = STATUS.ports.map((port) => ({ ...port, name: '\u001b]0;x\u0007' }));
    const text = show(name, { ...NOT_READY, target: evil, ports });
    expect(text).not.toMatch(/[^\P{Cc}\n]/u);
  });

  it.each(names)('%s is painted only when colours are wanted', (name) => {
    const now = { status: STATUS, atMs: 0 };
    const painted = renderSubject(name, { now, colours: pc.createColors(true) });
    expect(painted).toContain('\u001b[1m');
    expect(painted.replaceAll(/\u001b\[\d+m/g, '')).toBe(show(name));
  });
});

describe('the screen', () => {
  function record(terminal: { isTTY?: boolean; rows?: number }) {
    let text = '';
    const screen = openScreen({ ...terminal, write: (more) => (text += more) });
    return { screen, text: () => text };
  }

  it('that is no terminal gets one block after the other', () => {
    const { screen, text } = record({});
    screen.show('a\nb');
    screen.show('c');
    screen.close();
    expect(text()).toBe('a\nb\nc\n');
  });

  it('that is a terminal is written over, and given back with the last block on it', () => {
    const { screen, text } = record({ isTTY: true, rows: 10 });
    screen.show('a\nb');
    screen.show('c');
    expect(text()).toContain('\u001b[Ha\u001b[K\r\nb\u001b[K\u001b[J');
    screen.close();
    expect(text()).toMatch(/\?1049lc\n$/);
    for (const mode of ['7', '25', '1049']) {
      const [on, off] = mode === '1049' ? ['h', 'l'] : ['l', 'h'];
      expect(text().indexOf(`?${mode}${on}`)).toBeLessThan(text().indexOf(`?${mode}${off}`));
    }
  });

  it('that is too small says so', () => {
    const { screen, text } = record({ isTTY: true, rows: 3 });
    screen.show('1\n2\n3\n4\n5');
    expect(text()).toContain('2\u001b[K\r\n… 3 more lines do not fit');
    expect(text()).not.toContain('\n3');
  });
});
