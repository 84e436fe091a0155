/**
 * The embedded switch against simple_switch_grpc: the same program, the same entries, the same packets,
 * what comes out compared octet by octet, port by port, in order.
 *
 *   npm test -- test/stf/differential.e2e.test.ts
 *   TIMEPLANE_P4C=/where/p4c/is TIMEPLANE_PACKETS=2500 npm test -- test/stf/differential.e2e.test.ts
 *
 * The second one takes p4c's programs too (after test/stf/p4c.test.ts, which compiles them).
 */
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '#binding/paths';
import { hasProgram } from '#lab/namespaces/sandbox';
import { parseP4Info } from '#server/program/p4info-file';
import { parseStf } from '#server/stf/parse';
import { EXPLAINED, NOT_RUN } from './differential/explained.js';
import { beyondLimits } from './differential/limits.js';
import type { Outcome, Subject } from './differential/program.js';
import { compareProgram } from './differential/program.js';

const PACKETS = Number(process.env['TIMEPLANE_PACKETS'] ?? 200);
const SEED = Number(process.env['TIMEPLANE_SEED'] ?? 20261122);
const cache = join(packageRoot, 'build', 'test', 'pipelines');
const missing = ['simple_switch_grpc', 'simple_switch_CLI', 'setpriv'].filter(
  (name) => !hasProgram(name),
);

interface Files {
  readonly name: string;
  readonly artefacts: string;
  readonly stf: string;
}

function files(): Files[] {
  const own = join(packageRoot, 'test', 'stf', 'programs');
  const found = readdirSync(own)
    .filter((name) => name.endsWith('.stf'))
    .map((name) => ({
      name: name.slice(0, -'.stf'.length),
      artefacts: join(own, 'artefacts'),
      stf: own,
    }));
  const p4c = process.env['TIMEPLANE_P4C'] ?? '';
  if (p4c === '') return found;
  const artefacts = join(packageRoot, 'build', 'test', 'p4c');
  const stf = join(p4c, 'testdata', 'p4_16_samples');
  const theirs = readdirSync(artefacts)
    .filter((name) => name.endsWith('.p4info.txtpb'))
    .map((name) => ({ name: name.slice(0, -'.p4info.txtpb'.length), artefacts, stf }))
    .filter(({ name }) => existsSync(join(artefacts, `${name}.json`)))
    .filter(({ name }) => NOT_RUN[name] === undefined);
  return [...found, ...theirs].slice(0, Number(process.env['TIMEPLANE_PROGRAMS'] ?? Infinity));
}

function subject({ name, artefacts, stf }: Files): Subject {
  const info = parseP4Info(readFileSync(join(artefacts, `${name}.p4info.txtpb`), 'utf8'));
  const test = parseStf(readFileSync(join(stf, `${name}.stf`), 'utf8'));
  if (!info.ok || !test.ok) throw new Error(JSON.stringify([info, test]));
  const json = readFileSync(join(artefacts, `${name}.json`));
  return { name, info: info.info, json, statements: test.value };
}

/** A line of the table: what went through both, and what did not. */
function row(name: string, outcome: Outcome): string {
  if (outcome.obstacle !== null) return `${name}: not compared: ${outcome.obstacle}`;
  const { packets, leftOut, frames, elsewhere, overtaken, divergences, unwritten } = outcome;
  const left = Object.entries({ ...leftOut, elsewhere, overtaken })
    .filter(([, count]) => count > 0)
    .map(([kind, count]) => `${count} ${kind}`);
  const counts = `${packets} packets in, ${frames} frames out, ${divergences.length} differ`;
  return [`${name}: ${counts}`, ...left, ...unwritten].join('; ');
}

/** Those of which something is left out, and the sums. */
function summary(outcomes: ReadonlyMap<string, Outcome>): string {
  const all = [...outcomes];
  const sum = (part: (one: Outcome) => number): number =>
    all.reduce((total, [, one]) => total + part(one), 0);
  const isPlain = ({ obstacle, leftOut, elsewhere, overtaken, unwritten, divergences }: Outcome) =>
    obstacle === null &&
    sumOf(leftOut) + elsewhere + overtaken + unwritten.length + divergences.length === 0;
  const notable = all.filter(([, one]) => !isPlain(one)).map(([name, one]) => row(name, one));
  const compared = all.filter(([, { frames }]) => frames > 0).length;
  const silent = all.filter(([, one]) => one.packets > 0 && one.frames === 0).length;
  const totals =
    `${compared} of ${all.length} programs compared by their frames, ${silent} that drop all: ` +
    `${sum((o) => o.packets)} packets in, ${sum((o) => sumOf(o.leftOut))} more left out ` +
    `(${sum((o) => o.leftOut.undefined)} undefined, ${sum((o) => o.leftOut.asserted)} asserted, ` +
    `${sum((o) => o.leftOut.ending)} ending), ${sum((o) => o.frames)} frames out, ` +
    `${sum((o) => o.overtaken)} in another order, ${sum((o) => o.elsewhere)} of ours by other ports, ` +
    `${sum((o) => o.divergences.length)} differ`;
  return `${[...notable, totals].join('\n')}\n`;
}

function sumOf(leftOut: Outcome['leftOut']): number {
  return leftOut.undefined + leftOut.asserted + leftOut.ending;
}

describe.skipIf(missing.length > 0)(
  `against simple_switch_grpc, ${PACKETS} packets each, seed ${SEED}${missing.length > 0 ? ` (skipped: no ${missing.join(', ')})` : ''}`,
  { timeout: 120_000 },
  () => {
    const outcomes = new Map<string, Outcome>();
    afterAll(() => {
      process.stdout.write(summary(outcomes));
    });

    it.each(files())('$name', async (one) => {
      const outcome = await compareProgram(subject(one), PACKETS, SEED, cache);
      outcomes.set(one.name, outcome);
      if (process.env['TIMEPLANE_P4C'] !== undefined) {
        const first = outcome.divergences[0];
        const told = first === undefined ? '' : JSON.stringify(first);
        process.stderr.write(`${row(one.name, outcome)} ${told}\n`);
      }
      const explained = EXPLAINED[one.name];
      expect(outcome.obstacle ?? 'none', explained?.why).toMatch(explained?.obstacle ?? /^none$/);
      const unexplained = outcome.divergences.filter(
        (divergence) => explained?.covers?.(divergence) !== true,
      );
      expect(unexplained.slice(0, 3), `${unexplained.length} differ`).toEqual([]);
      expect(beyondLimits(one.name, outcome)).toEqual([]);
      // What explains nothing any more has to leave the list.
      if (explained?.covers !== undefined) expect(outcome.divergences).not.toEqual([]);
    });
  },
);
