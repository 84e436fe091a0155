/**
 * A topology as a document, YAML or JSON: nodes with roles, links with delay, asymmetry and rate. Every
 * mistake is named with file, line and field; all that can be found at once are told at once.
 */
import { isMap, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import { z } from 'zod';
import { failure, type Result } from '#units/result';
import { PATCH } from './shapes.js';
import type { ReadTopologyCode } from './read.js';
import {
  checkTopology,
  placeText,
  ROLES,
  topologyProblems,
  type Topology,
  type TopologyLink,
} from './topology.js';

/** A mistake in a document. */
export interface DocumentProblem {
  readonly file: string;
  readonly line: number;
  readonly column: number;
  /** `links[3].delayNs`; empty where it is the whole. */
  readonly field: string;
  readonly message: string;
}

export type TopologyDocument =
  | { readonly ok: true; readonly value: Topology }
  | { readonly ok: false; readonly problems: readonly DocumentProblem[] };

/** `lab.yaml:12: links[3].delayNs: -5 ns; a link takes no time or some`. */
export function documentProblemText({ file, line, field, message }: DocumentProblem): string {
  return [`${file}:${line}`, ...(field === '' ? [] : [field]), message].join(': ');
}

const terms = {
  delayNs: z.number(),
  asymmetryNs: z.number(),
  bitsPerSecond: z.number().nullable(),
};
const nodeSchema = z.strictObject({ name: z.string(), role: z.enum(ROLES) });
const linkSchema = z.strictObject({
  a: z.string(),
  b: z.string(),
  ...z.object(terms).partial().shape,
});
const topologySchema = z.strictObject({
  name: z.string().default('custom'),
  /** Of links that do not say. */
  defaults: z.strictObject(z.object(terms).partial().shape).default({}),
  nodes: z.array(nodeSchema),
  links: z.array(linkSchema),
});
type Written = z.output<typeof topologySchema>;

function topologyOf({ name, defaults, nodes, links }: Written): Topology {
  const pick = <Key extends keyof typeof terms>(
    link: Written['links'][number],
    key: Key,
  ): TopologyLink[Key] => {
    const found = link[key] ?? (link[key] === null ? null : (defaults[key] ?? PATCH[key]));
    return found as TopologyLink[Key];
  };
  return {
    name,
    nodes,
    links: links.map((link) => ({
      a: link.a,
      b: link.b,
      delayNs: pick(link, 'delayNs'),
      asymmetryNs: pick(link, 'asymmetryNs'),
      bitsPerSecond: pick(link, 'bitsPerSecond'),
    })),
  };
}

/** A document that was parsed already, from JSON or YAML. */
export function readTopology(document: unknown): Result<Topology, ReadTopologyCode> {
  const parsed = topologySchema.safeParse(document);
  if (parsed.success) return checkTopology(topologyOf(parsed.data));
  const [issue] = parsed.error.issues;
  const field = placeText(issue?.path ?? []);
  const message = issue?.message ?? 'no topology';
  return failure('document', field === '' ? message : `${field}: ${message}`);
}

/** `file` is for messages. */
export function parseTopology(file: string, text: string): TopologyDocument {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const problemAt = (offset: number, field: string, message: string): DocumentProblem => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(1, line), column: Math.max(1, col), field, message };
  };
  if (document.errors.length > 0) {
    const problems = document.errors.map(({ pos, message }) => problemAt(pos[0], '', message));
    return { ok: false, problems };
  }
  let value: unknown;
  try {
    value = document.toJS({ maxAliasCount: 50 });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    return { ok: false, problems: [problemAt(0, '', message)] };
  }
  const parsed = topologySchema.safeParse(value);
  if (!parsed.success) {
    const problems = parsed.error.issues.flatMap((issue) =>
      issuePlaces(issue).map(({ path, message }) =>
        problemAt(offsetOf(document, path), placeText(path), message),
      ),
    );
    return { ok: false, problems };
  }
  const topology = topologyOf(parsed.data);
  const problems = topologyProblems(topology).map(({ path, message }) =>
    problemAt(offsetOf(document, path), placeText(path), message),
  );
  return problems.length === 0 ? { ok: true, value: topology } : { ok: false, problems };
}

interface Place {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function issuePlaces(issue: z.core.$ZodIssue): readonly Place[] {
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(issue.path);
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      message: `no such field; there are ${known.join(', ')}`,
    }));
  }
  if (issue.code === 'invalid_value') {
    return [{ path: issue.path, message: `expected one of ${issue.values.join(', ')}` }];
  }
  if (issue.code === 'invalid_type') {
    return [{ path: issue.path, message: `expected ${WORDS[issue.expected] ?? issue.expected}` }];
  }
  return [{ path: issue.path, message: issue.message }];
}

const WORDS: Readonly<Record<string, string>> = {
  object: 'a mapping',
  array: 'a list',
  string: 'a text',
  number: 'a number',
};

function knownKeys([part, index]: readonly PropertyKey[]): readonly string[] {
  if (part === 'nodes' && index !== undefined) return Object.keys(nodeSchema.shape);
  if (part === 'links' && index !== undefined) return Object.keys(linkSchema.shape);
  return Object.keys(part === 'defaults' ? terms : topologySchema.shape);
}

/** Where `path` is in the text; of what is not there, the nearest thing around it. */
function offsetOf(document: Document, path: readonly PropertyKey[]): number {
  const parent: unknown =
    path.length > 1 ? document.getIn(path.slice(0, -1), true) : document.contents;
  if (isMap(parent)) {
    const pair = parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1));
    if (isScalar(pair?.key)) return pair.key.range?.[0] ?? 0;
  }
  for (let around = path; around.length > 0; around = around.slice(0, -1)) {
    const node: unknown = document.getIn(around, true);
    if (isMap(node) || isScalar(node)) return node.range?.[0] ?? 0;
  }
  return document.contents?.range?.[0] ?? 0;
}

/** The same as a document that readTopology takes. */
export function writeTopology(topology: Topology): string {
  return `${JSON.stringify(topology, null, 2)}\n`;
}

const PLAIN = /^(?!(?:null|true|false)$)[a-z][a-z0-9-]*$/;
const quoted = (text: string) => (PLAIN.test(text) ? text : JSON.stringify(text));

/** The same for people: a line for each node and each link. */
export function writeTopologyYaml({ name, nodes, links }: Topology): string {
  return [
    `name: ${quoted(name)}`,
    'nodes:',
    ...nodes.map((node) => `  - { name: ${quoted(node.name)}, role: ${node.role} }`),
    links.length === 0 ? 'links: []' : 'links:',
    ...links.map(
      ({ a, b, delayNs, asymmetryNs, bitsPerSecond }) =>
        `  - { a: ${quoted(a)}, b: ${quoted(b)}, delayNs: ${delayNs}, asymmetryNs: ${asymmetryNs}, bitsPerSecond: ${bitsPerSecond} }`,
    ),
    '',
  ].join('\n');
}
