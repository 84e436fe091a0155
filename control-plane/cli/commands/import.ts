import { readFile, writeFile } from 'node:fs/promises';
import type { Command } from 'commander';
import pc from 'picocolors';
import { importPtp4l, type Imported, type ImportRemark } from '#runtime/ptp4l-conf/import';
import { fileErrorText } from '#units/file-error';
import { OperatorError } from '../operator-error.js';

interface ImportFlags {
  readonly interface: readonly string[];
  readonly kind: string;
  readonly target: string;
  readonly output?: string;
  readonly strict?: boolean;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command('import')
    .summary('make an agent’s configuration from ptp4l’s')
    .description(
      'Reads a configuration file of linuxptp’s ptp4l and prints the agent’s. Every key that is not ' +
        'known, or has no counterpart, is named with its line on standard error.',
    )
    .argument('<file>', 'such as /etc/linuxptp/ptp4l.conf')
    .option('-i, --interface <name>', 'a port, as ptp4l’s -i; may be repeated', collect, [])
    .option('--kind <kind>', 'target: native or bmv2', 'native')
    .option('--target <address>', 'P4Runtime address of the switch', '127.0.0.1:9559')
    .option('-o, --output <file>', 'write the configuration there; it must not exist yet')
    .option('--strict', 'end with 1 if a key is not known or cannot be taken over')
    .option('--json', 'print configuration and remarks as JSON')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ timeplane import /etc/linuxptp/ptp4l.conf -i eth0 -i eth1 -o agent.yaml\n' +
        '  $ timeplane import gPTP.cfg -i swp1 --json\n' +
        '  $ timeplane agent --config agent.yaml --check\n',
    )
    .action(async (file: string, flags: ImportFlags) => {
      const imported = importPtp4l(await textOf(file), {
        target: { kind: flags.kind, address: flags.target },
        interfaces: flags.interface,
      });
      if (flags.output !== undefined) await write(flags.output, imported.yaml);
      if (flags.json === true) process.stdout.write(`${JSON.stringify(imported, null, 2)}\n`);
      else report(file, imported, flags);
      const lost = imported.unknown.length + imported.refused.length;
      if (flags.strict === true && lost + imported.problems.length > 0) {
        throw new OperatorError(`${file}: not all of it could be taken over`);
      }
    });
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}

async function textOf(file: string): Promise<string> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    throw new OperatorError(`cannot read ${file}: ${fileErrorText(error)}`, { exitCode: 2 });
  }
}

/** Never over a file that somebody has written by hand. */
async function write(file: string, yaml: string): Promise<void> {
  try {
    await writeFile(file, yaml, { flag: 'wx' });
  } catch (error) {
    throw new OperatorError(`cannot write ${file}: ${fileErrorText(error)}`, { exitCode: 2 });
  }
}

function report(file: string, imported: Imported, flags: ImportFlags): void {
  if (flags.output === undefined) process.stdout.write(imported.yaml);
  const say = (kind: string, remarks: readonly ImportRemark[]): string[] =>
    remarks.map(({ line, key, text }) => `${file}:${line}: ${kind}: ${key} ${text}`.trimEnd());
  const lines = [
    ...say(pc.red('not known'), imported.unknown),
    ...say(pc.red('not taken'), imported.refused),
    ...say(pc.dim('note'), imported.notes),
    ...imported.problems.map((problem) => `${pc.red('the agent says')}: ${problem}`),
  ];
  for (const line of lines) process.stderr.write(`${line}\n`);
}
