/** `timeplane stf`: tests in STF against a program on the embedded switch. */
import { readFile } from 'node:fs/promises';
import type { Command } from 'commander';
import pc from 'picocolors';
import { parseP4Info } from '#server/program/p4info-file';
import { parseStf } from '#server/stf/parse';
import type { StfProgram, StfReport } from '#server/stf/run';
import { runStf } from '#server/stf/run';
import type { StfStatement } from '#server/stf/statements';
import { fileErrorText } from '#units/file-error';
import { OperatorError } from '../operator-error.js';

interface Flags {
  readonly json?: true;
  readonly verbose?: true;
  readonly pipelineCache?: string;
}

const USAGE = { exitCode: 2 } as const;

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new OperatorError(`cannot read ${file}: ${fileErrorText(error)}`, USAGE);
  }
}

async function readProgram(p4info: string, pipeline: string, flags: Flags): Promise<StfProgram> {
  const parsed = parseP4Info((await read(p4info)).toString('utf8'));
  if (!parsed.ok) {
    const place = parsed.line === null ? p4info : `${p4info}:${parsed.line}`;
    throw new OperatorError(`${place}: no P4Info: ${parsed.message}`, {
      ...USAGE,
      hint: 'p4c-bm2-ss --p4runtime-files FILE.txtpb (or .json) writes it',
    });
  }
  const deviceConfig = await read(pipeline);
  return { info: parsed.info, deviceConfig, pipelineCache: flags.pipelineCache ?? null };
}

interface Test {
  readonly file: string;
  readonly statements: readonly StfStatement[];
}

async function readTest(file: string): Promise<Test> {
  const parsed = parseStf((await read(file)).toString('utf8'));
  if (parsed.ok) return { file, statements: parsed.value };
  throw new OperatorError(`${file}:${parsed.problem.line}: ${parsed.problem.message}`, USAGE);
}

interface Done {
  readonly file: string;
  readonly report: StfReport;
}

/** A message is what its program makes of a packet: it may hold what a terminal obeys. */
function harmless(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}]/gu, (sign) =>
    sign < ' '
      ? JSON.stringify(sign).slice(1, -1)
      : `\\u{${sign.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}

function messagesOf({ file, report }: Done): string {
  const { messages, messagesLeftOut } = report;
  const lines = messages.map(({ line, text }) => `${file}:${line}: log: ${harmless(text)}\n`);
  const more = messagesLeftOut === 0 ? '' : `${file}: ${messagesLeftOut} more messages\n`;
  return `${lines.join('')}${more}`;
}

function asText({ file, report }: Done): string {
  const { problems, readings, framesIn, framesOut, framesElsewhere } = report;
  const elsewhere = framesElsewhere === 0 ? '' : `, ${framesElsewhere} by ports it does not name`;
  const frames = `${framesIn} frames in, ${framesOut} out${elsewhere}`;
  const verdict = problems.length === 0 ? pc.green('passed') : pc.red('failed');
  return [
    ...readings.map(({ line, text }) => `${file}:${line}: ${text}\n`),
    ...problems.map(({ line, message }) => `${file}:${line}: ${message}\n`),
    `${file}: ${verdict}: ${frames}\n`,
  ].join('');
}

/** docs/stf.md describes it. */
function asJson(done: readonly Done[]): string {
  const tests = done.map(({ file, report }) => ({
    file,
    passed: report.problems.length === 0,
    ...report,
  }));
  const passed = tests.every((test) => test.passed);
  return `${JSON.stringify({ passed, tests }, null, 2)}\n`;
}

async function run(
  p4info: string,
  pipeline: string,
  files: readonly string[],
  flags: Flags,
): Promise<void> {
  const program = await readProgram(p4info, pipeline, flags);
  const tests: Test[] = [];
  // All are read before the first one runs: a mistake in the last is told at once.
  for (const file of files) tests.push(await readTest(file));
  const done: Done[] = [];
  for (const { file, statements } of tests) {
    const ran = await runStf(program, statements);
    if (!ran.ok) {
      throw new OperatorError(ran.message.replace(/^p4_device_config: /, `${pipeline}: `));
    }
    const result = { file, report: ran.value };
    done.push(result);
    if (flags.json === true) continue;
    if (flags.verbose === true) process.stdout.write(messagesOf(result));
    process.stdout.write(asText(result));
  }
  if (flags.json === true) process.stdout.write(asJson(done));
  if (done.some(({ report }) => report.problems.length > 0)) process.exitCode = 1;
}

const HELP = `
Examples:
  $ p4c-bm2-ss demo.p4 -o demo.json --p4runtime-files demo.p4info.txtpb
  $ timeplane stf demo.p4info.txtpb demo.json demo.stf
  $ timeplane stf demo.p4info.txtpb demo.json tests/*.stf --json

A test says which packets go in and which are expected, and what the tables hold:
  add ipv4_lpm ipv4.dstAddr:0x0a000000/8 forward(port:2)
  packet 1 ffffffffffff 0123456789ab 0800 4500...
  expect 2 ffffffffffff 0123456789ab 0800 45**...
docs/stf.md has all statements.

Exit codes: 0 all tests passed, 1 one failed or the program cannot be loaded, 2 a file is wrong.
`;

export function register(program: Command): void {
  program
    .command('stf')
    .summary('run tests in STF against a program')
    .description(
      'Runs tests in STF, the format of p4c’s own tests, against a program on the embedded switch:\n' +
        'entries through its P4Runtime server, packets through ports in memory, on a virtual clock.',
    )
    .argument('<p4info>', 'the program’s P4Info, text format or JSON')
    .argument('<program>', 'the program, a bmv2 JSON')
    .argument('<test...>', 'files in STF; each runs on a switch of its own')
    .option('--json', 'print the results as JSON')
    .option('--verbose', 'print what the program logs (log_msg), too')
    .option('--pipeline-cache <directory>', 'where compiled pipelines are kept')
    .addHelpText('after', HELP)
    .action(run);
}
