/**
 * Requests of a client that is mistaken or hostile into the P4Runtime server, guided by the code of the
 * server that they reach. Whatever comes, the server answers with a status of the caller's making, can
 * still read all that it has, and can delete what it has read.
 *
 *   npm run fuzz -- --target p4runtime --minutes 30
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { packageRoot } from '#binding/paths';
import type { Call } from './calls.js';
import { mutateCalls, packCalls, unpackCalls } from './calls.js';
import { conversations, p4infoOf } from './client-seeds.js';
import { commitInputs, committedInputs } from './corpus.js';
import { fuzz } from './guided.js';
import { FuzzClient } from './fuzz-client.js';
import {
  INPUT_FILE,
  KEEPS,
  ONLY,
  SEED,
  replayCommand,
  secondsFor,
  workFolder,
} from './settings.js';

const BRIEF_SECONDS = 6;

interface Files {
  readonly json: string;
  readonly p4info: string;
}

/** Programs that have something of everything, and a P4Info. */
function programs(): Files[] {
  const fixtures = join(packageRoot, 'test', 'compiler', 'fixtures');
  const own = join(packageRoot, 'test', 'stf', 'programs', 'artefacts');
  const found = [
    ...readdirSync(fixtures)
      .filter((name) => name.endsWith('.p4info.json'))
      .map((name) => ({
        p4info: join(fixtures, name),
        json: join(fixtures, name.replace('.p4info', '')),
      })),
    ...['state', 'tables', 'meters'].map((name) => ({
      p4info: join(own, `${name}.p4info.txtpb`),
      json: join(own, `${name}.json`),
    })),
  ];
  return found.filter(({ json }) => json.includes(ONLY) && existsSync(json));
}

/** Without white space, for small inputs. */
const smallJson = (file: string): Buffer =>
  Buffer.from(JSON.stringify(JSON.parse(readFileSync(file, 'utf8'))));

async function run(calls: readonly Call[]): Promise<void> {
  const client = new FuzzClient();
  for (const one of calls) await client.does(one);
  await client.leavesNothing();
}

const hashOf = (octets: Uint8Array): string =>
  createHash('sha1').update(octets).digest('hex').slice(0, 12);

describe(`any request (seed ${SEED})`, () => {
  const seconds = secondsFor(1, BRIEF_SECONDS);
  let said = '';
  afterAll(() => console.log(said));

  it.skipIf(INPUT_FILE !== null)(
    'is answered with a status of the caller’s making',
    async () => {
      const known = committedInputs('p4runtime', 'conversations').map(unpackCalls);
      const seeds = [
        ...programs().flatMap(({ p4info, json }) =>
          conversations(p4infoOf(p4info), smallJson(json)),
        ),
        ...known,
      ];
      const report = await fuzz<readonly Call[]>(
        {
          covers: 'dataplane-native/server/',
          seeds,
          mutate: (chance, calls, others) =>
            mutateCalls(chance, calls, others[chance.below(others.length)] ?? calls),
          run,
        },
        seconds,
        SEED,
      );
      said = `${report.inputs} conversations, ${report.features} features, ${report.corpus.length} led further`;
      if (report.fault !== null) {
        const packed = packCalls(report.fault.input);
        const file = join(workFolder('crashes'), `p4runtime-${hashOf(packed)}`);
        writeFileSync(file, packed);
        const again = replayCommand('p4runtime', '', file);
        throw new Error(`${again}\n${said}`, { cause: report.fault.error });
      }
      expect(report.inputs).toBeGreaterThan(seeds.length);
      if (KEEPS) {
        const led = [...known, ...report.corpus.slice(seeds.length)].map(packCalls);
        said += `, ${commitInputs('p4runtime', 'conversations', led)} kept`;
      }
    },
    (seconds + 240) * 1000,
  );

  it.skipIf(INPUT_FILE === null)('the one in the file', async () => {
    await run(unpackCalls(readFileSync(INPUT_FILE ?? '')));
  });
});
