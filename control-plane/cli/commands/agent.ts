import type { Command } from 'commander';
import type { AgentConfig } from '#runtime/config';
import { describePlan, runAgent } from '#runtime/run-agent';
import { OperatorError } from '../operator-error.js';
import { readConfig } from '../read-config.js';

interface AgentFlags {
  readonly config: string;
  readonly check?: boolean;
}

export function register(program: Command): void {
  program
    .command('agent')
    .summary('drive a P4Runtime switch as a transparent or boundary clock')
    .description(
      'Pushes the pipeline, configures ports, VLANs and groups, learns addresses, and publishes ' +
        'counters and residence statistics. Keeps trying when the switch is not there or goes away.',
    )
    .requiredOption('--config <file>', 'configuration in YAML, see docs/examples/agent.yaml')
    .option('--check', 'check the configuration and exit')
    .addHelpText(
      'after',
      '\nExamples:\n' +
        '  $ timeplane agent --config docs/examples/agent.yaml --check\n' +
        '  $ timeplane agent --config docs/examples/p2p.yaml --check\n' +
        '  $ timeplane agent --config agent.yaml\n' +
        '\nPrints "ready ..." on standard output each time that the switch is as configured;\n' +
        'logs JSON lines on standard error. Ctrl-C ends it; the switch goes on as it is. SIGHUP reads\n' +
        'the file anew: one with mistakes is not taken.\n',
    )
    .action(async (flags: AgentFlags) => {
      const config = await readConfig(flags.config);
      if (flags.check === true) await check(flags.config, config);
      else await run(flags.config, config);
    });
}

async function check(file: string, config: AgentConfig): Promise<void> {
  const plan = await describePlan(config);
  if (!plan.ok) throw new OperatorError(plan.error.message);
  const { summary, notes } = plan.value;
  const lines = [`${file}: good: ${summary}`, ...notes.map((note) => `note: ${note}`)];
  process.stdout.write(`${lines.join('\n')}\n`);
}

/** Resolves after SIGINT or SIGTERM, when all is closed; SIGHUP has the file read anew. A second signal ends the process at once. */
async function run(file: string, config: AgentConfig): Promise<void> {
  const running = await runAgent(config, (statusUrl) => {
    process.stdout.write(`ready target=${config.target.address} status=${statusUrl}\n`);
  });
  if (!running.ok) throw new OperatorError(running.error.message);
  process.on('SIGHUP', () => void running.value.reload(file));
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  await running.value.stop();
}
