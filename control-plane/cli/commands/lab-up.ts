/** `timeplane lab up`: a described network, alive, to look around in. */
import { Option, type Command } from 'commander';
import { MECHANISMS, TRANSPORTS, type Mechanism, type Transport } from '#lab/peers/ptp4l';
import { runUp } from '#lab/up/main';
import { RATE_NAMES, type LabRates } from '#lab/up/network';
import { inSandbox, numberBetween } from './lab-arguments.js';
import { addTopologyArguments, topologyOf, type TopologyFlags } from './topology-arguments.js';

interface UpFlags extends TopologyFlags {
  readonly transport: Transport;
  readonly mechanism: Mechanism;
  readonly seconds?: number;
  readonly force?: boolean;
  readonly rates: LabRates;
}

async function up(text: string, flags: UpFlags): Promise<void> {
  const { value: topology } = await topologyOf(text, flags);
  const { transport, mechanism, seconds = null, force = false, rates } = flags;
  const options = { topology, transport, mechanism, seconds, force, rates };
  return inSandbox((directory) => runUp(options, directory));
}

export function registerUp(lab: Command): void {
  addTopologyArguments(
    lab
      .command('up')
      .summary('a network of clocks in namespaces, to look around in')
      .description(
        'Brings up a topology in namespaces: our switches with agents, ptp4l as grandmasters and ' +
          'clients. Says how to get into each, and holds it until Ctrl-C. docs/lab-up.md says more.',
      ),
  )
    .addOption(
      new Option('--transport <name>', 'how PTP travels').choices(TRANSPORTS).default('L2'),
    )
    .addOption(
      new Option('--mechanism <name>', 'how delay is measured').choices(MECHANISMS).default('E2E'),
    )
    .addOption(
      new Option('--seconds <s>', 'hold it for so long (until Ctrl-C)').argParser(
        numberBetween(1, 1e7),
      ),
    )
    .addOption(
      new Option('--rates <name>', 'fast: 16 Sync and 8 Announce a second; slow: one in 1 and 2 s')
        .choices(RATE_NAMES)
        .default('fast'),
    )
    .option('--force', 'also with more switches than the processors serve in time')
    .addHelpText(
      'after',
      '\nExamples:\n  timeplane lab up chain:2 --mode transparent\n  timeplane lab up tree --depth 2 --fanout 2 --seconds 30\n  timeplane lab up mine.yaml --transport UDPv4\n',
    )
    .action(up);
}
