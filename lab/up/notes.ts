/** What somebody may type into a network that is up. */
import { join } from 'node:path';
import pc from 'picocolors';
import type { GraphNode } from '../namespaces/graph.js';
import { entrance, programWord } from '../namespaces/sandbox.js';
import { timeplane } from '../peers/agent.js';
import type { Role } from '../topologies/topology.js';

export interface NodeThere {
  readonly role: Role;
  readonly node: GraphNode;
}

/** So many nodes are on the screen; all of them are in the file. */
const SHOWN = 12;

const isClock = (role: Role) => role === 'grandmaster' || role === 'client';

export function notesOf(
  name: string,
  nodes: readonly NodeThere[],
  { directory, file }: { readonly directory: string; readonly file: string },
): { readonly all: string; readonly shown: string } {
  const width = Math.max(...nodes.map(({ node }) => node.name.length));
  const doors = nodes.map(
    ({ role, node }) =>
      `  ${node.name.padEnd(width)}  ${role.padEnd(11)}  ${entrance(node.namespace)}`,
  );
  const more = doors.length > SHOWN ? [`  … all ${doors.length} are in ${file}`] : [];
  const shown = [
    pc.bold(`${name} is up.`) + ' In another terminal, as the same user, into a node:',
    ...doors.slice(0, SHOWN),
    ...more,
    ...commands(nodes, directory),
    'Ctrl-C ends it, and leaves nothing behind.',
  ];
  return { all: `${doors.join('\n')}\n`, shown: shown.join('\n') };
}

function commands(nodes: readonly NodeThere[], directory: string): readonly string[] {
  const clock =
    nodes.find(({ role }) => role === 'client') ?? nodes.find(({ role }) => isClock(role));
  const forwarding = nodes.find(({ role }) => !isClock(role));
  const lines = ['In any of them:', '  tshark -i p1 -Y ptp'];
  if (clock !== undefined) {
    const socket = join(directory, `ptp4l-of-${clock.node.name}.uds`);
    lines.push(
      `In ${clock.node.name}, which has a ptp4l:`,
      `  ${programWord('pmc')} -u -b 0 -i /tmp/pmc.$$ -s ${socket} 'GET TIME_STATUS_NP'`,
      `In place of a clock's own ptp4l, one of yours:`,
      `  ${programWord('ptp4l')} -i p1 -2 -S -m --free_running 1 --uds_address /tmp/mine.$$`,
    );
  }
  if (forwarding !== undefined) {
    const show = timeplane('show').join(' ');
    const what = forwarding.role === 'boundary' ? 'parent' : 'residence';
    lines.push(
      `In ${forwarding.node.name}, which has a switch and an agent:`,
      `  ${show} ${what} --watch`,
      `  ${show} ports`,
    );
  }
  return lines;
}
