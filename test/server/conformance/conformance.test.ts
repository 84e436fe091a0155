/** Our server, put to the specification; and the table of it in docs/. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { ourWorkshop } from './bench.js';
import { CLAUSES } from './chapters.js';
import { titleOf } from './clause.js';
import { Deviation } from './deviation.js';
import { OURS } from './deviations.js';
import { bmv2Observations, conformanceTable, DOCUMENT } from './table.js';

const workshop = ourWorkshop();
afterAll(() => workshop.end());

describe('P4Runtime 1.5', () => {
  for (const clause of CLAUSES) {
    const title = titleOf(clause);
    const check = async (): Promise<void> => {
      const bench = await workshop.start();
      try {
        await clause.check(bench);
      } finally {
        await bench.close();
      }
    };
    const own = OURS[title];
    if (own === undefined) it(title, check);
    else {
      it(`${title} (not so: ${own.why})`, async () => {
        // Once it is so, it has to leave the list.
        const found: unknown = await check().catch((error: unknown) => error);
        expect(found).toBeInstanceOf(Deviation);
        expect(found).toHaveProperty('message', own.found);
      });
    }
  }
});

describe('the table in docs/p4runtime-conformance.md', () => {
  const table = conformanceTable(CLAUSES, bmv2Observations());

  it('is the one of these clauses; WRITE_CONFORMANCE=1 writes it again', () => {
    if (process.env['WRITE_CONFORMANCE'] === '1') writeFileSync(DOCUMENT, table);
    expect(readFileSync(DOCUMENT, 'utf8')).toBe(table);
  });

  it('names each clause once', () => {
    const titles = CLAUSES.map(titleOf);
    expect(titles.filter((title, i) => titles.indexOf(title) !== i)).toEqual([]);
    expect(Object.keys(OURS).filter((title) => !titles.includes(title))).toEqual([]);
  });
});
