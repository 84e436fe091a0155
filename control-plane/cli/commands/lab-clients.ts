/** `timeplane lab clients`: a crowd of clients, answered by the dataplane or by ptp4l. */
import { Option, type Command } from 'commander';
import { productVersion } from '#runtime/version';
import { CASTS, type Cast } from '#lab/load/clients';
import { runClients } from '#lab/load/run-clients';
import { TRANSPORTS, type Transport } from '#lab/peers/ptp4l';
import { inSandbox, integerBetween, jsonOption, numberBetween } from './lab-arguments.js';

interface ClientsFlags {
  readonly clients: number;
  readonly rate: number;
  readonly duration?: number;
  readonly rounds?: number;
  readonly transport: Transport;
  readonly cast: Cast;
  readonly quick?: boolean;
  readonly search: boolean;
  readonly json?: string;
}

const MOST_CLIENTS = 100_000;

function clients(flags: ClientsFlags): Promise<void> {
  const quick = flags.quick ?? false;
  const options = {
    config: {
      clients: flags.clients,
      requestsPerSecond: flags.rate,
      seconds: flags.duration ?? (quick ? 0.5 : 3),
      rounds: flags.rounds ?? (quick ? 1 : 3),
      transport: flags.transport,
      cast: flags.cast,
      search: flags.search,
    },
    ...(flags.json === undefined ? {} : { jsonFile: flags.json }),
    productVersion: productVersion(),
  };
  return inSandbox((directory) => runClients(options, directory));
}

export function registerClients(lab: Command): void {
  lab
    .command('clients')
    .summary('ten thousand clients, answered by the dataplane or by ptp4l')
    .description(
      'Has a crowd of clients ask for the delay, of our switch in boundary mode and of ptp4l at the ' +
        'same end of the same link, and compares answers, latency, processor time, and the highest ' +
        'rate at which every request is answered. docs/load.md says how to read it.',
    )
    .addOption(
      new Option('--clients <count>', 'how many clients')
        .argParser(integerBetween(1, MOST_CLIENTS))
        .default(10_000, '10000'),
    )
    .addOption(
      new Option('--rate <number>', 'Delay_Req a second of each client')
        .argParser(numberBetween(0.1, 1_000))
        .default(16),
    )
    .addOption(
      new Option('--duration <seconds>', 'of each measurement (3; with --quick 0.5)').argParser(
        numberBetween(0.2, 3_600),
      ),
    )
    .addOption(
      new Option('--rounds <count>', 'of ours, theirs, theirs, ours (3; with --quick 1)').argParser(
        integerBetween(1, 100),
      ),
    )
    .addOption(
      new Option('--transport <name>', 'how PTP travels').choices(TRANSPORTS).default('L2'),
    )
    .addOption(
      new Option('--cast <name>', 'how requests are addressed').choices(CASTS).default('multicast'),
    )
    .option('--quick', 'one short round: a look, not a measurement')
    .option('--no-search', 'do not search the highest rate')
    .addOption(jsonOption('docs/load.md'))
    .action(clients);
}
