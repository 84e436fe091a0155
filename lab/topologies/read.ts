/**
 * Topologies as people write them: a shape by its name and numbers (`chain:20`, `data-centre`), or a
 * document. Errors say where, and what would do.
 */
import { z } from 'zod';
import { failure, type Result } from '#units/result';
import {
  chain,
  clos,
  dataCentre,
  PATCH,
  ring,
  star,
  switches,
  tree,
  type Between,
} from './shapes.js';
import { checkTopology, ROLES, type Topology, type TopologyErrorCode } from './topology.js';

export type ReadTopologyCode = TopologyErrorCode | 'unknown-shape' | 'shape-numbers' | 'document';
type Read = Result<Topology, ReadTopologyCode>;

interface Shape {
  /** What stands behind the colon. */
  readonly numbers: readonly string[];
  readonly build: (numbers: readonly number[], role: Between) => Topology;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  chain: { numbers: ['switches'], build: ([n = 0], role) => chain(n, role) },
  star: { numbers: ['clients'], build: ([n = 0], role) => star(n, role) },
  ring: { numbers: ['switches'], build: ([n = 0]) => ring(n) },
  tree: { numbers: ['depth', 'fanout'], build: ([d = 0, f = 0], role) => tree(d, f, role) },
  switches: {
    numbers: ['count', 'fanout'],
    build: ([count = 0, fanout = 0], role) => switches(count, fanout, role),
  },
  clos: {
    numbers: ['superSpines', 'spines', 'leaves', 'serversPerLeaf'],
    build: ([superSpines = 0, spines = 0, leaves = 0, serversPerLeaf = 0]) =>
      clos({ grandmasters: 1, superSpines, spines, leaves, serversPerLeaf }),
  },
  'data-centre': { numbers: [], build: () => dataCentre() },
};

/** How each shape is written. */
export const SHAPE_USAGE: readonly string[] = Object.entries(SHAPES).map(([name, { numbers }]) =>
  numbers.length === 0 ? name : `${name}:${numbers.join(',')}`,
);

/** `text` as SHAPE_USAGE has it. `role`: of the switches, where the shape leaves a choice. */
export function readShape(text: string, role: Between = 'boundary'): Read {
  const [name = '', rest] = text.split(':', 2);
  const shape = Object.hasOwn(SHAPES, name) ? SHAPES[name] : undefined;
  if (shape === undefined) {
    return failure('unknown-shape', `no shape "${name}"; there are ${SHAPE_USAGE.join(' ')}`);
  }
  const numbers = rest === undefined || rest === '' ? [] : rest.split(',').map(Number);
  if (numbers.length !== shape.numbers.length) {
    const usage = SHAPE_USAGE.find((one) => one.split(':')[0] === name) ?? name;
    return failure('shape-numbers', `"${text}" has ${numbers.length} numbers; write ${usage}`);
  }
  try {
    return checkTopology(shape.build(numbers, role));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return failure('shape-numbers', `"${text}": ${error.message}`);
  }
}

const nodeSchema = z.strictObject({ name: z.string(), role: z.enum(ROLES) });
const linkSchema = z.strictObject({
  a: z.string(),
  b: z.string(),
  delayNs: z.number().default(PATCH.delayNs),
  asymmetryNs: z.number().default(PATCH.asymmetryNs),
  bitsPerSecond: z.number().nullable().default(PATCH.bitsPerSecond),
});
const topologySchema = z.strictObject({
  name: z.string().default('custom'),
  nodes: z.array(nodeSchema),
  links: z.array(linkSchema),
});

/** A document that was parsed already, from JSON or YAML. */
export function readTopology(document: unknown): Read {
  const parsed = topologySchema.safeParse(document);
  if (parsed.success) return checkTopology(parsed.data);
  const [issue] = parsed.error.issues;
  const where = (issue?.path ?? [])
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '');
  return failure(
    'document',
    `${where === '' ? '' : `${where}: `}${issue?.message ?? 'no topology'}`,
  );
}

/** The same as a document that readTopology takes. */
export function writeTopology(topology: Topology): string {
  return `${JSON.stringify(topology, null, 2)}\n`;
}
