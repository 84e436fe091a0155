/** `timeplane replay`: frames from pcap files through a pipeline, on a clock of their own. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InvalidArgumentError, Option, type Command } from 'commander';
import type { PcapFrame } from '#server/replay/pcap';
import { readPcap, writePcap } from '#server/replay/pcap';
import type { Replayed } from '#server/replay/replay';
import { replay } from '#server/replay/replay';
import { parseReplayFiles } from '#server/replay/replay-input';
import type { QueueOption } from '#server/switch/switch-options';
import { parseQueue } from '#server/switch/switch-options';
import { fileErrorText } from '#units/file-error';
import { OperatorError } from '../operator-error.js';

interface Input {
  readonly port: number;
  readonly file: string | null;
}

interface Flags {
  readonly pipeline: string;
  readonly p4info: string;
  readonly entries?: string;
  readonly port: readonly Input[];
  readonly queue: readonly QueueOption[];
  readonly out: string;
  readonly pipelineCache?: string;
}

const CPU_PORT = 510;

function collectPort(text: string, before: readonly Input[]): readonly Input[] {
  const match = /^(\d{1,3})(?:=(.+))?$/.exec(text);
  const port = Number(match?.[1]);
  if (match === null || port < 1 || port >= CPU_PORT) {
    throw new InvalidArgumentError(`expected NUMBER=FILE or NUMBER, from 1 to ${CPU_PORT - 1}`);
  }
  if (before.some((input) => input.port === port)) {
    throw new InvalidArgumentError(`port ${port} is given twice`);
  }
  return [...before, { port, file: match[2] ?? null }];
}

function collectQueue(text: string, before: readonly QueueOption[]): readonly QueueOption[] {
  const parsed = parseQueue(text);
  if (parsed.ok) return [...before, parsed.value];
  throw new InvalidArgumentError(parsed.message);
}

async function read(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (error) {
    throw new OperatorError(`cannot read ${file}: ${fileErrorText(error)}`);
  }
}

async function readFrames(file: string | null): Promise<readonly PcapFrame[]> {
  if (file === null) return [];
  const pcap = readPcap(await read(file));
  if (pcap.ok) return pcap.frames;
  throw new OperatorError(`${file}: ${pcap.message}`);
}

/** Before the replay, which may take a while. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (error) {
    throw new OperatorError(`cannot make the directory ${folder}: ${fileErrorText(error)}`, {
      hint: 'choose another with --out',
    });
  }
}

async function write(file: string, octets: Uint8Array): Promise<void> {
  try {
    await writeFile(file, octets);
  } catch (error) {
    throw new OperatorError(`cannot write ${file}: ${fileErrorText(error)}`, {
      hint: 'choose another directory with --out',
    });
  }
}

async function report(flags: Flags, inputs: Map<number, readonly PcapFrame[]>, done: Replayed) {
  for (const [port, frames] of done.outputs) {
    const file = join(flags.out, `port${port}.pcap`);
    await write(file, writePcap(frames));
    const received = inputs.get(port)?.length ?? 0;
    process.stdout.write(`port ${port}: ${received} in, ${frames.length} out, ${file}\n`);
  }
  for (const [name, value] of Object.entries(done.counters)) {
    if (value > 0n) process.stdout.write(`${name}: ${value}\n`);
  }
}

/** The engine knows the program by its field of P4Runtime; here it is a file. */
function troubleText(message: string, pipeline: string): string {
  return message.replace(/^p4_device_config: /, `${pipeline}: `);
}

async function run(flags: Flags): Promise<void> {
  const parsed = parseReplayFiles({
    p4info: (await read(flags.p4info)).toString('utf8'),
    deviceConfig: await read(flags.pipeline),
    entries: flags.entries === undefined ? null : (await read(flags.entries)).toString('utf8'),
  });
  if (!parsed.ok) {
    const what = parsed.file === 'p4info' ? 'P4Info' : 'WriteRequest';
    const file = flags[parsed.file] ?? '';
    throw new OperatorError(`${file} is no ${what} in protobuf JSON: ${parsed.message}`);
  }
  const inputs = new Map<number, readonly PcapFrame[]>();
  for (const { port, file } of flags.port) inputs.set(port, await readFrames(file));
  const orphan = flags.queue.find(({ port }) => !inputs.has(port));
  if (orphan !== undefined) {
    throw new OperatorError(`a queue is given for port ${orphan.port}, and there is no such port`);
  }
  await makeFolder(flags.out);
  const replayed = await replay({
    config: parsed.config,
    updates: parsed.updates,
    inputs,
    queues: flags.queue,
    cpuPort: CPU_PORT,
    pipelineCache: flags.pipelineCache ?? null,
  });
  if (!replayed.ok) throw new OperatorError(troubleText(replayed.message, flags.pipeline));
  await report(flags, inputs, replayed.value);
}

const EXAMPLE = `
Example:
  $ timeplane replay --pipeline p4/artefacts/main_native.json \\
      --p4info p4/artefacts/main_native.p4info.json --entries entries.json \\
      --port 1=in.pcap --port 2 --out replayed

Frames arrive at the times in the files; each port's frames are written to OUT/portN.pcap with the
times at which they left. The same input gives the same output, at every run.
`;

export function register(program: Command): void {
  program
    .command('replay')
    .summary('run frames from pcap files through a pipeline')
    .description('Runs frames from pcap files through a compiled pipeline on a virtual clock.')
    .requiredOption('--pipeline <file>', 'the program, a bmv2 JSON')
    .requiredOption('--p4info <file>', 'its P4Info, protobuf JSON')
    .option('--entries <file>', 'a P4Runtime WriteRequest, protobuf JSON')
    .addOption(
      new Option('--port <number=file>', 'a port and what it receives; repeat it')
        .argParser(collectPort)
        .default([], 'none'),
    )
    .addOption(
      new Option('--queue <port:key=value,...>', 'as of timeplane switch; repeat it')
        .argParser(collectQueue)
        .default([], 'not limited'),
    )
    .option('--out <directory>', 'where what was sent is written', 'replayed')
    .option('--pipeline-cache <directory>', 'where compiled pipelines are kept')
    .addHelpText('after', EXAMPLE)
    .action((flags: Flags) => run(flags));
}
