import { readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { dirname, join, normalize } from 'node:path';
import ts from 'typescript';
import type { Layer } from './layers.js';

/** What an import specifier names: a file of ours without extension, one of Node's, a package. */
type Target =
  | { readonly kind: 'file'; readonly path: string }
  | { readonly kind: 'node'; readonly name: string }
  | { readonly kind: 'package'; readonly name: string }
  | { readonly kind: 'computed' };

export interface Violation {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

interface Import {
  readonly line: number;
  /** Null if it is not written out, but computed. */
  readonly specifier: string | null;
}

/** Every import of a source text: static, `import type`, re-export, `import()`, `import('…')` types, `require`. */
export function importsOf(text: string): Import[] {
  const source = ts.createSourceFile('a.ts', text, ts.ScriptTarget.ES2022, true);
  const found: Import[] = [];
  const add = (node: ts.Node, specifier: ts.Node | undefined): void => {
    const line = source.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    const isText = specifier !== undefined && ts.isStringLiteralLike(specifier);
    found.push({ line, specifier: isText ? specifier.text : null });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) add(node, node.moduleSpecifier);
    else if (ts.isExportDeclaration(node) && node.moduleSpecifier) add(node, node.moduleSpecifier);
    else if (ts.isImportTypeNode(node)) {
      add(node, ts.isLiteralTypeNode(node.argument) ? node.argument.literal : undefined);
    } else if (ts.isCallExpression(node)) {
      const { expression } = node;
      const isImport = expression.kind === ts.SyntaxKind.ImportKeyword;
      const isRequire = ts.isIdentifier(expression) && expression.text === 'require';
      if (isImport || isRequire) add(node, node.arguments[0]);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** package.json's `imports`, from `#name/*` to the folder of its sources. */
export function subpaths(root: string): ReadonlyMap<string, string> {
  const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    imports: Record<string, { 'timeplane-source': string }>;
  };
  return new Map(
    Object.entries(manifest.imports).map(([name, target]) => [
      name.replace('/*', ''),
      normalize(target['timeplane-source']).replace('/*.ts', ''),
    ]),
  );
}

function resolve(specifier: string, file: string, names: ReadonlyMap<string, string>): Target {
  if (specifier.startsWith('.')) {
    return { kind: 'file', path: join(dirname(file), specifier).replace(/\.(js|ts)$/, '') };
  }
  if (specifier.startsWith('#')) {
    const [name = '', ...rest] = specifier.split('/');
    return { kind: 'file', path: join(names.get(name) ?? name, ...rest) };
  }
  const parts = specifier.split('/');
  const name = parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
  if (specifier.startsWith('node:') || builtinModules.includes(name)) return { kind: 'node', name };
  return { kind: 'package', name };
}

const isIn = (path: string, folder: string): boolean =>
  path === folder || path.startsWith(`${folder}/`);

/** The layer that a file without extension belongs to: the longest that fits. */
export const layerOf = (path: string, layers: readonly Layer[]): Layer | undefined =>
  layers.filter((layer) => isIn(path, layer.path)).sort((a, b) => b.path.length - a.path.length)[0];

/** Why `layer` must not import `target`, or null. */
function objection(layer: Layer, target: Target, layers: readonly Layer[]): string | null {
  switch (target.kind) {
    case 'computed':
      // Nobody can say what a computed import is; the commands are loaded so, by one table.
      return layer.path === 'control-plane/cli' ? null : 'must not import what it computes';
    case 'node':
      return layer.node ? null : `is pure and must not import ${target.name}`;
    case 'package':
      return layer.packages.includes(target.name) ? null : `must not import ${target.name}`;
    case 'file': {
      // A layer inside of another one is not part of it: `lab` does not let `lab/bench` in.
      const innermost = layerOf(target.path, layers)?.path.length ?? 0;
      const allowed = [layer.path, ...layer.mayImport].some(
        (folder) => isIn(target.path, folder) && folder.length >= innermost,
      );
      return allowed ? null : `must not import ${target.path}`;
    }
  }
}

/** Checks one file's imports against the table. `file` is relative to the repository. */
export function violations(
  file: string,
  text: string,
  layers: readonly Layer[],
  names: ReadonlyMap<string, string>,
): Violation[] {
  const layer = layerOf(file.replace(/\.ts$/, ''), layers);
  if (layer === undefined) return [{ file, line: 1, message: 'belongs to no layer of the table' }];
  return importsOf(text).flatMap(({ line, specifier }) => {
    const target: Target =
      specifier === null ? { kind: 'computed' } : resolve(specifier, file, names);
    const why = objection(layer, target, layers);
    return why === null ? [] : [{ file, line, message: `${layer.path} ${why}` }];
  });
}
