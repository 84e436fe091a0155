/** `npm run bench`: the dataplane against hand-written C and against bmv2. See docs/benchmarks.md. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Table from 'cli-table3';
import pc from 'picocolors';
import { LabError } from '../lab-error.js';
import * as manyPorts from '../load/many-ports.js';
import { runCommand } from '../namespaces/commands.js';
import { extendPath, runInSandbox, sandboxDirectory } from '../namespaces/sandbox.js';
import * as compileTime from './compile-time.js';
import * as forwarding from './forwarding.js';
import * as memory from './memory.js';
import { MIX } from './mix.js';
import { buildPrograms } from './native-programs.js';
import { type BenchOptions, parseOptions } from './options.js';
import * as ports from './ports.js';
import { type BenchResult, type Contest, without } from './results.js';
import * as simulatedChain from './simulated-chain.js';
import * as simulatedNetwork from './simulated-network.js';
import * as stepped from './stepped-network.js';
import * as stability from './stability.js';
import * as tables from './tables.js';
import * as week from './week.js';
import * as writes from './writes/contest.js';

interface Benchmark {
  readonly contest: Contest;
  readonly run: () => Promise<BenchResult>;
}

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else process.stderr.write(`${text}\n`);
}

async function memoryBenchmarks(options: BenchOptions, directory: string): Promise<Benchmark[]> {
  const scale = options.quick ? memory.QUICK : memory.FULL;
  const bench = await memory.prepareMemory(directory);
  return [
    {
      contest: memory.PIPELINE_CONTEST,
      run: () => memory.againstHand(bench, 'pipeline', scale, progress),
    },
    {
      contest: memory.ENGINE_CONTEST,
      run: () => memory.againstHand(bench, 'engine', scale, progress),
    },
    {
      contest: memory.THREADS_CONTEST,
      run: () => memory.twoLoops(bench, 'loops', scale, progress),
    },
    {
      contest: memory.PAIRS_CONTEST,
      run: () => memory.twoLoops(bench, 'pairs', scale, progress),
    },
    { contest: memory.BMV2_CONTEST, run: () => memory.againstBmv2(bench, scale, progress) },
    { contest: compileTime.NEW_CONTEST, run: () => compileTime.compileTime('new') },
    { contest: compileTime.KNOWN_CONTEST, run: () => compileTime.compileTime('known') },
  ];
}

function tableBenchmarks(options: BenchOptions): Benchmark[] {
  const scale = options.quick ? tables.QUICK : tables.FULL;
  return tables.CONTESTS.map((one) => ({
    contest: one.contest,
    run: () => tables.compareTables(one, scale, progress),
  }));
}

function writeBenchmarks(options: BenchOptions): Benchmark[] {
  const scale = options.quick ? writes.QUICK : writes.FULL;
  return writes.contestsOf(scale).map((one) => ({
    contest: one.contest,
    run: () => writes.writeEntries(one, scale, progress),
  }));
}

async function forwardingBenchmarks(
  options: BenchOptions,
  directory: string,
  noNetwork: string | null,
): Promise<Benchmark[]> {
  const names = ['plain', 'mix', 'threads', 'bmv2'] as const;
  if (noNetwork !== null) {
    const all = names.map((name) => forwarding.CONTESTS[name]);
    return [...all, ...ports.CONTESTS.map(({ contest }) => contest)].map((contest) => ({
      contest,
      run: () => Promise.resolve(without(contest, 'skipped', noNetwork)),
    }));
  }
  const scale = options.quick ? forwarding.QUICK : forwarding.FULL;
  const bench = await forwarding.prepareForwarding(directory);
  return [
    ...names.map((name) => ({
      contest: forwarding.CONTESTS[name],
      run: () => forwarding.forward(bench, name, scale, progress),
    })),
    ...ports.CONTESTS.map((one) => ({
      contest: one.contest,
      run: () => ports.contestOf(bench, one, options.quick ? ports.QUICK : ports.FULL, progress),
    })),
  ];
}

/** Made when it is run: 64 links are not for who wants another benchmark. */
function boundaryBenchmarks(
  options: BenchOptions,
  directory: string,
  noNetwork: string | null,
): Benchmark[] {
  const scale = options.quick ? manyPorts.QUICK : manyPorts.FULL;
  let bench: Promise<manyPorts.ManyPortsBench> | null = null;
  return (['ports', 'crowd'] as const).map((which) => ({
    contest: manyPorts.CONTESTS[which],
    run: async () => {
      if (noNetwork !== null) return without(manyPorts.CONTESTS[which], 'skipped', noNetwork);
      bench ??= manyPorts.prepareManyPorts(directory);
      return manyPorts.contestOf(await bench, which, scale, progress);
    },
  }));
}

/** The week has one run for both of its lines. */
function simulatedBenchmarks(options: BenchOptions): Benchmark[] {
  const scale = options.quick ? week.QUICK : week.FULL;
  const chain = options.quick ? simulatedChain.QUICK : simulatedChain.FULL;
  let days: readonly week.Day[] | null = null;
  const ofWeek = (['heap', 'speed'] as const).map((which) => ({
    contest: week.CONTESTS[which],
    run: () => {
      days ??= week.simulateDays(scale, { progress });
      return Promise.resolve(week.contestOf(which, days, scale.daySeconds));
    },
  }));
  const ofChain = {
    contest: simulatedChain.CONTEST,
    run: () => Promise.resolve(simulatedChain.contestOf(chain, progress)),
  };
  const ofNetworks = simulatedNetwork.networksOf(options.quick).map((network) => ({
    contest: simulatedNetwork.contestFor(network),
    run: () => Promise.resolve(simulatedNetwork.contestOf(network, progress)),
  }));
  const ofSteps = stepped.steppedScales(options.quick).map((network) => ({
    contest: stepped.contestFor(network),
    run: () => Promise.resolve(stepped.contestOf(network, progress)),
  }));
  return [...ofWeek, ofChain, ...ofNetworks, ...ofSteps];
}

function stabilityBenchmarks(options: BenchOptions, directory: string): Benchmark[] {
  const scale = options.quick ? stability.QUICK : stability.FULL;
  return (['both', 'tdev', 'mtie'] as const).map((which) => ({
    contest: stability.CONTESTS[which],
    run: () => stability.contestOf(which, scale, directory, progress),
  }));
}

async function runOne({ contest, run }: Benchmark): Promise<BenchResult> {
  try {
    return await run();
  } catch (error) {
    if (error instanceof LabError) return without(contest, 'failed', error.message);
    throw error;
  }
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

async function benchmarks(options: BenchOptions, noNetwork: string | null): Promise<number> {
  const directory = mkdtempSync(join(sandboxDirectory() ?? tmpdir(), 'bench-'));
  try {
    progress('building the C programs');
    await buildPrograms();
    const all = [
      ...(await memoryBenchmarks(options, directory)),
      ...tableBenchmarks(options),
      ...writeBenchmarks(options),
      ...(await forwardingBenchmarks(options, directory, noNetwork)),
      ...boundaryBenchmarks(options, directory, noNetwork),
      ...simulatedBenchmarks(options),
      ...stabilityBenchmarks(options, directory),
    ].filter(({ contest }) => contest.name.includes(options.only));
    const results: BenchResult[] = [];
    for (const one of all) results.push(await runOne(one));
    progress('');
    console.log(`traffic: ${MIX}`);
    console.log('ratio: above 1 is better than the baseline; median and spread of A-B-B-A rounds');
    console.log(table(results));
    if (options.json !== null) {
      writeFileSync(options.json, `${JSON.stringify({ results }, null, 2)}\n`);
    }
    return results.some(({ status }) => status === 'failed') ? 1 : 0;
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
