/**
 * Topologies by their shape, as people write them: `chain:20`, `data-centre`. Errors say what would do.
 * Documents are document.ts's.
 */
import { failure, type Result } from '#units/result';
import {
  chain,
  clos,
  dataCentre,
  ring,
  star,
  switches,
  tree,
  type Between,
  type LinkTerms,
  PATCH,
} from './shapes.js';
import { checkTopology, type Topology, type TopologyErrorCode } from './topology.js';

export type ReadTopologyCode = TopologyErrorCode | 'unknown-shape' | 'shape-numbers' | 'document';
type Read = Result<Topology, ReadTopologyCode>;

/** Of shapes; each is an option of the command line, too. */
export const SHAPE_NUMBERS = {
  switches: 'switches in between',
  clients: 'clients around the hub',
  depth: 'levels of switches',
  fanout: 'clocks below each switch',
  superSpines: 'super-spines; 0 for none',
  spines: 'spines',
  leaves: 'leaves',
  servers: 'servers at each leaf',
} as const;
export type ShapeNumber = keyof typeof SHAPE_NUMBERS;

interface Shape {
  /** What stands behind the colon, with what is taken where nothing is said. */
  readonly numbers: readonly (readonly [ShapeNumber, number])[];
  readonly build: (numbers: readonly number[], role: Between, terms: LinkTerms) => Topology;
  /** There is more than one way: what only forwards would pass frames round for ever. */
  readonly hasLoops?: boolean;
}

const SHAPES: Readonly<Record<string, Shape>> = {
  chain: { numbers: [['switches', 3]], build: ([n = 0], role, terms) => chain(n, role, terms) },
  star: { numbers: [['clients', 4]], build: ([n = 0], role, terms) => star(n, role, terms) },
  ring: {
    numbers: [['switches', 4]],
    build: ([n = 0], _role, terms) => ring(n, terms),
    hasLoops: true,
  },
  tree: {
    numbers: [
      ['depth', 2],
      ['fanout', 2],
    ],
    build: ([depth = 0, fanout = 0], role, terms) => tree(depth, fanout, role, terms),
  },
  switches: {
    numbers: [
      ['switches', 10],
      ['fanout', 3],
    ],
    build: ([count = 0, fanout = 0], role, terms) => switches(count, fanout, role, terms),
  },
  clos: {
    numbers: [
      ['superSpines', 0],
      ['spines', 2],
      ['leaves', 4],
      ['servers', 4],
    ],
    build: ([superSpines = 0, spines = 0, leaves = 0, serversPerLeaf = 0], _role, terms) =>
      clos({ grandmasters: 1, superSpines, spines, leaves, serversPerLeaf }, terms),
    hasLoops: true,
  },
  'data-centre': {
    numbers: [],
    build: (_numbers, _role, terms) => dataCentre(terms),
    hasLoops: true,
  },
};

const ROLE_WORDS: Readonly<Record<Between, string>> = {
  boundary: 'boundary clocks',
  transparent: 'transparent clocks',
  switch: 'switches',
};

/** Other spellings. */
const ALIASES: Readonly<Record<string, string>> = { 'data-center': 'data-centre' };

/** How each shape is written. */
export const SHAPE_USAGE: readonly string[] = Object.entries(SHAPES).map(([name, { numbers }]) =>
  numbers.length === 0 ? name : `${name}:${numbers.map(([number]) => number).join(',')}`,
);

export interface ShapeTerms {
  /** Of the switches, where the shape leaves a choice. */
  readonly role?: Between;
  /** Of every link. */
  readonly link?: Partial<LinkTerms>;
}

function shapeNamed(text: string): Shape | undefined {
  const name = ALIASES[text] ?? text;
  return Object.hasOwn(SHAPES, name) ? SHAPES[name] : undefined;
}

function unknownShape(name: string): Read {
  return failure('unknown-shape', `no shape "${name}"; there are ${SHAPE_USAGE.join(' ')}`);
}

function usageOf(name: string): string {
  const known = ALIASES[name] ?? name;
  return SHAPE_USAGE.find((one) => one.split(':')[0] === known) ?? known;
}

/** `text` as SHAPE_USAGE has it. */
export function readShape(text: string, role: Between = 'boundary'): Read {
  return buildShape(text, { role });
}

/** As readShape, with all that may be said of a shape. */
export function buildShape(text: string, terms: ShapeTerms): Read {
  const [name = '', rest] = text.split(':', 2);
  const shape = shapeNamed(name);
  if (shape === undefined) return unknownShape(name);
  const numbers = rest === undefined || rest === '' ? [] : rest.split(',').map(Number);
  if (numbers.length !== shape.numbers.length) {
    const message = `"${text}" has ${numbers.length} numbers; write ${usageOf(name)}`;
    return failure('shape-numbers', message);
  }
  const { role = 'boundary', link = {} } = terms;
  if (shape.hasLoops === true && role !== 'boundary') {
    const message = `${name} has loops: its switches are boundary clocks, since ${ROLE_WORDS[role]} would pass frames round for ever`;
    return failure('forwarding-loop', message);
  }
  try {
    return checkTopology(shape.build(numbers, role, { ...PATCH, ...link }));
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return failure('shape-numbers', `"${text}": ${error.message}`);
  }
}

/** A shape's text from its name and some of its numbers: what nobody says is small. */
export function shapeText(
  name: string,
  given: Readonly<Partial<Record<ShapeNumber, number>>>,
): Result<string, ReadTopologyCode> {
  const shape = shapeNamed(name);
  if (shape === undefined) return unknownShape(name) as Result<never, ReadTopologyCode>;
  const foreign = Object.keys(given).find((key) => !shape.numbers.some(([one]) => one === key));
  if (foreign !== undefined) {
    const own = shape.numbers.map(([number]) => number).join(', ');
    const what = own === '' ? 'its numbers are fixed' : `it is made by ${own}`;
    return failure('shape-numbers', `${name} has no ${foreign}; ${what}`);
  }
  const numbers = shape.numbers.map(([number, usual]) => given[number] ?? usual);
  const rest = numbers.length === 0 ? '' : `:${numbers.join(',')}`;
  return { ok: true, value: `${name}${rest}` };
}
