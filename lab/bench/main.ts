/** `npm run bench`: the dataplane against hand-written C and against bmv2. See docs/benchmarks.md. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import pc from 'picocolors';
import { LabError } from '../lab-error.js';
import { runCommand } from '../namespaces/commands.js';
import { extendPath, runInSandbox, sandboxDirectory } from '../namespaces/sandbox.js';
import { type Benchmark, allBenchmarks } from './benchmarks.js';
import { MIX } from './mix.js';
import { buildPrograms } from './native-programs.js';
import { type BenchOptions, parseOptions } from './options.js';
import { type BenchResult, type Contest, without } from './results.js';
import {
  type TargetResult,
  idleShare,
  judgeTargets,
  readTargets,
  renewed,
  targetsTable,
} from './targets.js';

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else process.stderr.write(`${text}\n`);
}

async function runOne({ contest, run }: Benchmark): Promise<BenchResult> {
  const began = performance.now();
  const result = await run().catch((error: unknown) => {
    if (error instanceof LabError) return without(contest, 'failed', error.message);
    throw error;
  });
  const seconds = Math.round((performance.now() - began) / 1000);
  progress(`${contest.name}: ${result.status}, ${seconds} s`);
  return result;
}

function table(results: readonly BenchResult[]): string {
  const out = new Table({
    head: ['benchmark', 'baseline', 'unit', 'ours', 'baseline', 'ratio', 'spread'],
    colAligns: ['left', 'left', 'left', 'right', 'right', 'right', 'left'],
    style: { head: [], border: [] },
  });
  for (const one of results) {
    const { name, baseline, unit, value, baselineValue, ratio, spread, status, reason } = one;
    if (status === 'ok') {
      const range = `${spread[0]} – ${spread[1]}`;
      out.push([name, baseline, unit, value, baselineValue, pc.bold(ratio), range]);
      if (reason !== '') out.push([{ colSpan: 7, content: `  ${reason}` }]);
    } else {
      out.push([name, baseline, unit, { colSpan: 4, content: `${status}: ${reason}` }]);
    }
  }
  return out.toString();
}

interface Outcome {
  readonly results: readonly BenchResult[];
  readonly targets: readonly TargetResult[];
}

async function runAll(benchmarks: readonly Benchmark[], withTargets: boolean): Promise<Outcome> {
  const results: BenchResult[] = [];
  const targets: TargetResult[] = [];
  for (const one of benchmarks) {
    const idle = withTargets ? await idleShare() : 0;
    const result = await runOne(one);
    results.push(result);
    targets.push(...judgeTargets(one.contest, result, idle));
  }
  progress('');
  return { results, targets };
}

function tell({ results, targets }: Outcome, options: BenchOptions, contests: Contest[]): void {
  console.log(`traffic: ${MIX}`);
  console.log('ratio: above 1 is better than the baseline; median and spread of A-B-B-A rounds');
  console.log(table(results));
  if (options.targets) console.log(`\n${targetsTable(targets)}`);
  if (options.json === null) return;
  const document = options.targets
    ? { targets: renewed(readTargets(options.json), targets, contests) }
    : { results };
  writeFileSync(options.json, `${JSON.stringify(document, null, 2)}\n`);
}

async function benchmarks(options: BenchOptions, noNetwork: string | null): Promise<number> {
  const directory = mkdtempSync(join(sandboxDirectory() ?? tmpdir(), 'bench-'));
  const { quick, only } = options;
  const all = allBenchmarks({ quick, directory, noNetwork, progress }).filter(
    ({ contest }) => !options.targets || (contest.targets ?? []).length > 0,
  );
  try {
    // Said before an hour is spent.
    if (options.targets && options.json !== null) readTargets(options.json);
    progress('building the C programs');
    await buildPrograms();
    const chosen = all.filter(({ contest }) => contest.name.includes(only));
    const outcome = await runAll(chosen, options.targets);
    tell(
      outcome,
      options,
      all.map(({ contest }) => contest),
    );
    return outcome.results.some(({ status }) => status === 'failed') ? 1 : 0;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

async function main(args: readonly string[]): Promise<number> {
  const options = parseOptions(args);
  if (!options.ok) {
    (options.isHelp ? process.stdout : process.stderr).write(options.message);
    return options.isHelp ? 0 : 2;
  }
  extendPath();
  if (sandboxDirectory() !== undefined) {
    await runCommand(['ip', 'link', 'set', 'lo', 'up']);
    return benchmarks(options.value, null);
  }
  try {
    return await runInSandbox();
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    // Memory needs no network: go on with what can be measured here.
    return benchmarks(options.value, error.message);
  }
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof LabError)) throw error;
  console.error(`bench: ${error.message}${error.hint === '' ? '' : `\n${error.hint}`}`);
  process.exitCode = 1;
}
