/** `timeplane topology`: networks of clocks as data. */
import { writeFile } from 'node:fs/promises';
import { Option, type Command } from 'commander';
import { writeTopology, writeTopologyYaml } from '#lab/topologies/document';
import { SHAPE_USAGE } from '#lab/topologies/read';
import { hopsFromGrandmaster, ROLES, type Topology } from '#lab/topologies/topology';
import { writableFile } from './lab-arguments.js';
import { addTopologyArguments, topologyOf, type TopologyFlags } from './topology-arguments.js';

interface PrintFlags extends TopologyFlags {
  readonly json?: boolean;
  readonly output?: string;
}

async function print(text: string, flags: PrintFlags): Promise<void> {
  const { value } = await topologyOf(text, flags);
  const document = flags.json === true ? writeTopology(value) : writeTopologyYaml(value);
  if (flags.output === undefined) process.stdout.write(document);
  else await writeFile(flags.output, document);
}

/** `chain-3: 5 nodes (1 grandmaster, 3 boundary, 1 client), 4 links, 4 hops`. */
function summaryText(topology: Topology): string {
  const { name, nodes, links } = topology;
  const roles = ROLES.flatMap((role) => {
    const count = nodes.filter((node) => node.role === role).length;
    return count === 0 ? [] : [`${count} ${role}`];
  });
  const hops = Math.max(...hopsFromGrandmaster(topology).values());
  return `${name}: ${nodes.length} nodes (${roles.join(', ')}), ${links.length} links, ${hops} hops from a grandmaster at most`;
}

async function check(text: string, flags: TopologyFlags): Promise<void> {
  const { value } = await topologyOf(text, flags);
  process.stdout.write(`${summaryText(value)}\n`);
}

export function register(program: Command): void {
  const topology = program
    .command('topology')
    .summary('networks of clocks as data: shapes, presets, files of your own')
    .description(
      'One description serves `timeplane sim`, `timeplane lab up` and Mininet: a shape by its name ' +
        'and numbers, or a file. docs/topologies.md says what a file holds.',
    );
  topology
    .command('list')
    .summary('the shapes, with their numbers')
    .action(() => {
      process.stdout.write(`${SHAPE_USAGE.join('\n')}\n`);
    });
  addTopologyArguments(
    topology.command('print').summary('a topology as a document: a beginning for one of your own'),
  )
    .option('--json', 'as JSON, for programs')
    .addOption(new Option('--output <file>', 'write it there').argParser(writableFile))
    .addHelpText(
      'after',
      '\nExamples:\n  timeplane topology print chain:3 --mode transparent > mine.yaml\n  timeplane topology print data-centre --json\n',
    )
    .action(print);
  addTopologyArguments(
    topology.command('check').summary('whether a file is right; every mistake with its line'),
  ).action(check);
}
