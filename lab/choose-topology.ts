/** The topology that somebody means: a shape by name and numbers, or a file of their own. */
import { readFile, stat } from 'node:fs/promises';
import { fileErrorText } from '#units/file-error';
import { documentProblemText, parseTopology } from './topologies/document.js';
import {
  buildShape,
  SHAPE_USAGE,
  shapeText,
  type ShapeNumber,
  type ShapeTerms,
} from './topologies/read.js';
import type { Topology } from './topologies/topology.js';

export interface TopologyChoice extends ShapeTerms {
  /** `chain`, `chain:20`, `fabric.yaml`. */
  readonly text: string;
  /** Said beside it. */
  readonly numbers?: Readonly<Partial<Record<ShapeNumber, number>>>;
}

export type ChosenTopology =
  | {
      readonly ok: true;
      readonly value: Topology;
      /** What names it again: `chain:20`, or the file. */
      readonly written: string;
      readonly isFile: boolean;
    }
  | { readonly ok: false; readonly problems: readonly string[] };

const MOST_OCTETS = 64 * 1024 * 1024;
const FILE = /\.(ya?ml|json)$/i;

/** Files are told from shapes by their ending, or by a slash. */
export async function chooseTopology(choice: TopologyChoice): Promise<ChosenTopology> {
  const { text, numbers = {} } = choice;
  const isFile = FILE.test(text) || text.includes('/');
  if (isFile) return fromFile(choice);
  const said = Object.keys(numbers);
  if (text.includes(':') && said.length > 0) {
    return wrong(`"${text}" has its numbers already; leave out ${said.join(', ')}`);
  }
  const written = text.includes(':')
    ? { ok: true as const, value: text }
    : shapeText(text, numbers);
  if (!written.ok) return wrong(written.error.message, written.error.code === 'unknown-shape');
  const built = buildShape(written.value, choice);
  if (built.ok) return { ok: true, value: built.value, written: written.value, isFile };
  return wrong(built.error.message, built.error.code === 'unknown-shape');
}

function wrong(message: string, mayBeFile = false): ChosenTopology {
  const more = mayBeFile ? '; or a file, whose name ends in .yaml, .yml or .json' : '';
  return { ok: false, problems: [`${message}${more}`] };
}

async function fromFile({ text: file, numbers = {}, role, link }: TopologyChoice) {
  const said = Object.keys({ ...numbers, ...link });
  if (said.length > 0 || role !== undefined) {
    const what = [...said, ...(role === undefined ? [] : ['the role'])].join(', ');
    return wrong(`${file}: the file says what there is; leave out ${what}, or name a shape`);
  }
  let content: string;
  try {
    const { size } = await stat(file);
    if (size > MOST_OCTETS) return wrong(`${file}: ${size} octets, of at most ${MOST_OCTETS}`);
    content = await readFile(file, 'utf8');
  } catch (error) {
    return wrong(`${file}: ${fileErrorText(error)}`);
  }
  const parsed = parseTopology(file, content);
  if (!parsed.ok) return { ok: false as const, problems: parsed.problems.map(documentProblemText) };
  return { ok: true as const, value: parsed.value, written: file, isFile: true };
}

/** For help texts. */
export const TOPOLOGY_USAGE = `${SHAPE_USAGE.join(', ')}; or a file (YAML, JSON)`;
