#!/usr/bin/env node
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { Command, CommanderError } from 'commander';
import pc from 'picocolors';
import { productVersion } from '#runtime/version';
import { OperatorError } from './operator-error.js';

/** Exit codes: also in the help text. */
const EXIT = { ok: 0, failed: 1, usage: 2, internal: 70 } as const;

/** Every command is one file of commands/ that exports `register`. */
const COMMANDS: readonly { readonly name: string; readonly summary: string }[] = [
  { name: 'switch', summary: 'run the embedded P4Runtime switch' },
  { name: 'agent', summary: 'drive a P4Runtime switch as a transparent or boundary clock' },
  { name: 'show', summary: 'show what a running agent counts' },
  { name: 'import', summary: 'make an agent’s configuration from ptp4l’s' },
  { name: 'replay', summary: 'run frames from pcap files through a pipeline' },
  { name: 'stf', summary: 'run tests in STF against a program' },
  { name: 'measure', summary: 'time error, stability, masks, residence from logs and captures' },
  { name: 'sim', summary: 'simulate a network of clocks, from a seed' },
  { name: 'topology', summary: 'networks of clocks as data, for sim, lab up and Mininet' },
  { name: 'lab', summary: 'prove both clocks with real PTP clocks in namespaces' },
];

const EXAMPLES = `
Examples:
  $ timeplane switch --listen 127.0.0.1:9559 --port 1=veth1 --port 2=veth2
  $ timeplane agent --config agent.yaml --check
  $ timeplane agent --config agent.yaml
  $ timeplane show residence --watch
  $ timeplane sim chain --hops 20 --mode transparent
  $ timeplane lab --duration 20

Exit codes: 0 done, 1 failed, 2 wrong usage or configuration, 70 a bug in timeplane.
`;

interface CommandModule {
  readonly register: (program: Command) => void;
}

/**
 * Loads only what is asked for: `agent` need not pay for the native switch's library, and a command
 * that this build does not contain says so instead of breaking the others.
 */
async function registerCommand(
  program: Command,
  command: (typeof COMMANDS)[number],
): Promise<void> {
  const sources = ['js', 'ts'].map(
    (ext) => new URL(`./commands/${command.name}.${ext}`, import.meta.url),
  );
  const source = sources.find((url) => existsSync(fileURLToPath(url)));
  if (source === undefined) {
    program
      .command(command.name)
      .summary(command.summary)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        throw new OperatorError(`this build of timeplane does not contain '${command.name}'`);
      });
    return;
  }
  const module = (await import(source.href)) as CommandModule;
  module.register(program);
}

async function buildProgram(argv: readonly string[]): Promise<Command> {
  const program = new Command('timeplane')
    .description('A PTP (IEEE 1588-2019) transparent and boundary clock for programmable switches.')
    .version(productVersion(), '-V, --version')
    .addHelpText('after', EXAMPLES)
    .showHelpAfterError('(run with --help for usage)')
    .configureOutput({ outputError: (text, write) => write(pc.red(text)) })
    .exitOverride();
  const wanted = COMMANDS.find((command) => command.name === argv[0]);
  for (const command of wanted === undefined ? COMMANDS : [wanted]) {
    await registerCommand(program, command);
  }
  for (const command of program.commands) command.exitOverride().copyInheritedSettings(program);
  return program;
}

function report(error: unknown): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  if (error instanceof OperatorError) {
    process.stderr.write(`${pc.red('error:')} ${error.message}\n`);
    if (error.hint !== '') process.stderr.write(`${pc.dim('hint:')} ${error.hint}\n`);
    return error.exitCode;
  }
  const stack = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(`${pc.red('internal error')} (this is a bug in timeplane):\n${stack}\n`);
  return EXIT.internal;
}

// Whoever read the output may have gone (`| head`): no reason for a switch or an agent to end.
for (const stream of [process.stdout, process.stderr]) {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

try {
  const argv = process.argv.slice(2);
  const program = await buildProgram(argv);
  if (argv.length === 0) {
    program.outputHelp();
  } else {
    await program.parseAsync(argv, { from: 'user' });
  }
} catch (error) {
  process.exitCode = report(error);
}
