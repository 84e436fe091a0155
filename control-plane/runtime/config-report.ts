/** From what a schema complains about to errors that tell file, line, column and key. */
import { isMap, isScalar, isSeq, type Document, type Node } from 'yaml';
import type { z } from 'zod';
import { keyText, type ConfigError } from './config-error.js';
import { AGENT_SCHEMA } from './config-schema.js';
import { suggestion } from './suggestion.js';

export type Path = readonly PropertyKey[];

/** A parsed file, and where in it an offset is. */
export interface Source {
  readonly document: Document;
  readonly at: (offset: number) => Pick<ConfigError, 'file' | 'line' | 'column'>;
}

export function issueErrors(source: Source, issue: z.core.$ZodIssue): ConfigError[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => unknownKey(source, issue.path, key));
  }
  const node = nodeAt(source, issue.path);
  const choices = issue.code === 'custom' ? choicesOf(issue.params) : [];
  return [errorAt(source, issue.path, expectedText(issue), meant(node, choices))];
}

const TYPE_WORDS: Readonly<Record<string, string>> = { object: 'a mapping', array: 'a list' };

/** A schema's own words, unless it has none. */
function expectedText(issue: z.core.$ZodIssue): string {
  if (issue.code !== 'invalid_type' || !issue.message.startsWith('Invalid input')) {
    return issue.message;
  }
  return TYPE_WORDS[issue.expected] ?? issue.expected;
}

function choicesOf(params: Readonly<Record<string, unknown>> | undefined): readonly string[] {
  const choices = params?.['choices'];
  return Array.isArray(choices) ? choices.filter((choice) => typeof choice === 'string') : [];
}

function meant(node: Node | null, choices: readonly string[]): string {
  if (!isScalar(node) || typeof node.value !== 'string') return '';
  return didYouMean(suggestion(node.value, choices));
}

function didYouMean(word: string | null): string {
  return word === null ? '' : `did you mean "${word}"?`;
}

function unknownKey(source: Source, parent: Path, key: string): ConfigError {
  const known = knownKeys(parent);
  const map = nodeAt(source, parent);
  const pair = isMap(map)
    ? map.items.find((item) => isScalar(item.key) && String(item.key.value) === key)
    : undefined;
  const offset = isScalar(pair?.key) ? (pair.key.range?.[0] ?? 0) : 0;
  return {
    ...source.at(offset),
    key: keyText([...parent, key]),
    found: `the unknown key "${key}"`,
    expected: known.length === 0 ? 'no such key' : `one of ${known.join(', ')}`,
    hint: didYouMean(suggestion(key, known)),
  };
}

/** The keys that the schema has at `path`. */
function knownKeys(path: Path): string[] {
  let schema: unknown = AGENT_SCHEMA;
  for (const part of path) {
    const inner = unwrap(schema);
    if (typeof part === 'number') schema = inner?.element;
    else schema = inner?.shape?.[String(part)];
  }
  return Object.keys(unwrap(schema)?.shape ?? {});
}

interface SchemaView {
  readonly shape?: Readonly<Record<string, unknown>>;
  readonly element?: unknown;
}

/** Looks through defaults and preprocessing. A list has `unwrap` too, which is not meant here. */
function unwrap(schema: unknown): SchemaView | undefined {
  if (typeof schema !== 'object' || schema === null) return undefined;
  if ('shape' in schema || 'element' in schema) return schema as SchemaView;
  if ('unwrap' in schema && typeof schema.unwrap === 'function') {
    return unwrap((schema.unwrap as () => unknown)());
  }
  return 'out' in schema ? unwrap(schema.out) : schema;
}

function nodeAt(source: Source, path: Path): Node | null {
  const node: unknown =
    path.length === 0 ? source.document.contents : source.document.getIn(path, true);
  return isScalar(node) || isMap(node) || isSeq(node) ? node : null;
}

/** An error about the value at `path`, or about the nearest thing around what is not there. */
export function errorAt(source: Source, path: Path, expected: string, hint = ''): ConfigError {
  const node = nodeAt(source, path);
  let around = path;
  let place = node;
  while (place === null && around.length > 0) {
    around = around.slice(0, -1);
    place = nodeAt(source, around);
  }
  const offset = place?.range?.[0] ?? 0;
  return { ...source.at(offset), key: keyText(path), found: foundText(node), expected, hint };
}

function foundText(node: Node | null): string {
  if (isMap(node)) return 'a mapping';
  if (isSeq(node)) return 'a list';
  if (!isScalar(node)) return 'nothing';
  return node.value === null ? 'nothing' : JSON.stringify(node.value);
}
