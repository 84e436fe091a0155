/** `timeplane show`: the status of a running agent as tables. */
import { Argument, InvalidArgumentError, Option, type Command } from 'commander';
import pc from 'picocolors';
import { parseEndpoint, type Endpoint } from '#runtime/endpoint';
import { endpointText, readStatus, type StatusErrorCode } from '#runtime/status-client';
import { OperatorError } from '../operator-error.js';
import { readConfig } from '../read-config.js';
import { capabilitiesPart, renderTargets } from '../show/capabilities.js';
import { openScreen } from '../show/screen.js';
import { renderSubject, SUBJECT_NAMES, SUBJECTS, type SubjectName } from '../show/subjects.js';
import { renderNotices, type Colours, type Reading } from '../show/view.js';
import { watch } from '../show/watch.js';

interface Flags {
  readonly agent: Endpoint;
  readonly config?: string;
  readonly json?: boolean;
  readonly watch?: number;
}

const DEFAULT_AGENT = '127.0.0.1:9561';
const DEFAULT_SECONDS = 2;
/** The agent reads its switch no more often than each 200 ms; rates need some more than that. */
const MIN_SECONDS = 0.5;
const MAX_SECONDS = 3_600;

const HINTS: Readonly<Record<StatusErrorCode, string>> = {
  unreachable:
    'is `timeplane agent` running? --agent names its status address, --config the file that has it',
  silent: 'something listens there, but does not answer; is it the status address of an agent?',
  'agent-failed': 'the log of the agent says more',
  switch: "an agent's status address is `status` in its configuration (127.0.0.1:9561 by default)",
  'not-an-agent': "--agent is the `status` address of an agent's configuration, see docs/agent.md",
  aborted: '',
};

const HELP = `
Examples:
  $ timeplane show ports
  $ timeplane show residence --watch
  $ timeplane show peer-delay --watch 1
  $ timeplane show counters --config agent.yaml --watch 10
  $ timeplane show ledger --json
  $ timeplane show capabilities
  $ timeplane show mac-table --agent 127.0.0.1:9561 --json

With --watch there are rates too, per second, between the last two readings; Ctrl-C ends it. It
refreshes in place on a terminal; elsewhere each reading is a block of its own, with --json a line.

Exit codes: 0 shown, 1 no agent there or not ready (what it last knew is shown), 2 wrong usage.
`;

function parseAgent(text: string): Endpoint {
  const endpoint = parseEndpoint(text);
  if (endpoint !== null && endpoint.port > 0) return endpoint;
  throw new InvalidArgumentError(`expected an address such as ${DEFAULT_AGENT}`);
}

function parseSeconds(text: string): number {
  const seconds = text.trim() === '' ? Number.NaN : Number(text);
  if (seconds >= MIN_SECONDS && seconds <= MAX_SECONDS) return seconds;
  throw new InvalidArgumentError(`expected seconds, from ${MIN_SECONDS} to ${MAX_SECONDS}`);
}

async function endpointOf(flags: Flags): Promise<Endpoint> {
  if (flags.config === undefined) return flags.agent;
  const { status } = await readConfig(flags.config);
  if (status.port > 0) return status;
  throw new OperatorError(`${flags.config} leaves the port of the status address to the system`, {
    hint: 'give --agent the address in the line that the agent printed when it was ready',
  });
}

function nowMs(): number {
  return performance.now();
}

async function firstReading(endpoint: Endpoint, signal: AbortSignal): Promise<Reading | null> {
  const status = await readStatus(endpoint, { signal });
  if (status.ok) return { status: status.value, atMs: nowMs() };
  if (status.error.code === 'aborted') return null;
  throw new OperatorError(status.error.message, { hint: HINTS[status.error.code] });
}

/** Aborted by Ctrl-C, by SIGTERM, and when whoever reads our output has gone. */
function interruption(): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => controller.abort());
  }
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') controller.abort();
  });
  return controller.signal;
}

function print(name: SubjectName, flags: Flags, now: Reading, colours: Colours): void {
  if (flags.json === true) {
    const notices = renderNotices({ now, colours });
    process.stderr.write(notices.map((line) => `${line}\n`).join(''));
    process.stdout.write(`${JSON.stringify(SUBJECTS[name].part(now.status), null, 2)}\n`);
  } else {
    process.stdout.write(`${renderSubject(name, { now, colours })}\n`);
  }
  if (!now.status.ready) process.exitCode = 1;
}

/** What is known of targets without an agent; `why` there is none. */
function printTargets(flags: Flags, why: string, colours: Colours): void {
  const json = flags.json === true;
  const text = json ? JSON.stringify(capabilitiesPart(null), null, 2) : renderTargets(colours);
  process.stdout.write(`${text}\n`);
  if (!json) process.stdout.write(`${colours.dim(`${why}: this is about no configuration.`)}\n`);
}

async function keepShowing(
  name: SubjectName,
  flags: Flags,
  endpoint: Endpoint,
  first: Reading,
  options: { readonly seconds: number; readonly colours: Colours; readonly signal: AbortSignal },
): Promise<void> {
  const { seconds, colours, signal } = options;
  const json = flags.json === true;
  const title = `timeplane show ${name}, ${endpointText(endpoint)}, every ${seconds} s`;
  const screen = openScreen(
    json ? { write: (text) => process.stdout.write(text) } : process.stdout,
  );
  try {
    await watch({
      first,
      read: () => readStatus(endpoint, { signal }),
      nowMs,
      intervalMs: seconds * 1_000,
      signal,
      show: (now, before, trouble) => {
        if (json) {
          if (trouble === '') screen.show(JSON.stringify(SUBJECTS[name].part(now.status)));
          else process.stderr.write(`${trouble}\n`);
          return;
        }
        const head = colours.dim(`${title}, ${new Date().toISOString()}`);
        const again = trouble === '' ? [] : [colours.red(`${trouble}; trying again`)];
        screen.show([head, ...again, renderSubject(name, { now, before, colours })].join('\n'));
      },
    });
  } finally {
    screen.close();
  }
}

async function run(name: SubjectName, flags: Flags): Promise<void> {
  const endpoint = await endpointOf(flags);
  const signal = interruption();
  // picocolors takes CI for a terminal; what a program reads should have no colours. Where it is
  // none, isTTY is not false but undefined, which createColors would take for "find out".
  const colours = pc.createColors(pc.isColorSupported && Boolean(process.stdout.isTTY));
  if (name === 'capabilities' && flags.watch === undefined) {
    const status = await readStatus(endpoint, { signal });
    if (!status.ok) {
      printTargets(flags, status.error.message, colours);
      return;
    }
  }
  const first = await firstReading(endpoint, signal);
  if (first === null) return;
  if (flags.watch === undefined) {
    print(name, flags, first, colours);
  } else {
    await keepShowing(name, flags, endpoint, first, { seconds: flags.watch, colours, signal });
  }
}

export function register(program: Command): void {
  program
    .command('show')
    .summary('show what a running agent counts')
    .description(
      'Asks a running agent for its status and prints one part of it:\n' +
        '  ports         PTP mode, one-step or two-step, VLANs, messages in all\n' +
        '  residence     how long event messages stayed in the switch\n' +
        '  counters      messages by type, malformed and dropped frames by reason\n' +
        '  peer-delay    what each port measured of its link and its neighbor\n' +
        '  ledger        sampled messages, and how right their corrections were\n' +
        '  clock         its identity, whose rate it follows, its PTP time, management\n' +
        '  parent        whose time a boundary clock has, and through how many clocks\n' +
        '  foreign-masters  who announces itself on each port\n' +
        '  time          its time properties, and what the dataplane was told\n' +
        '  servo         how well it follows, and why it is in its state\n' +
        '  sources       masters and alarms, what was heard, and what was not for it\n' +
        '  mac-table     how full it is, and what became of stations\n' +
        '  capabilities  what each target can and cannot, and why; needs no agent',
    )
    .addArgument(new Argument('<what>', 'what to show').choices(SUBJECT_NAMES))
    .addOption(
      new Option('--agent <address>', 'status address of the agent')
        .argParser(parseAgent)
        .default(parseAgent(DEFAULT_AGENT), DEFAULT_AGENT),
    )
    .addOption(
      new Option('--config <file>', 'find the address in the configuration').conflicts('agent'),
    )
    .option('--json', 'print JSON')
    .addOption(
      new Option('--watch [seconds]', 'again every so many seconds')
        .argParser(parseSeconds)
        .preset(String(DEFAULT_SECONDS)),
    )
    .addHelpText('after', HELP)
    .action((what: SubjectName, flags: Flags) => run(what, flags));
}
