/** What the compiler makes of sums of times: instants have none, and scales do not mix. */
import { join } from 'node:path';
import ts from 'typescript';
import { expect, it } from 'vitest';
import { packageRoot } from '#binding/paths';

const FILE = join(packageRoot, 'test', 'units', 'sums-of-times.ts');
const HEAD = [
  "import { after, elapsed, instant, nanoseconds, scaledNs } from '#units/time';",
  'const a = instant(1n); const ns = nanoseconds(1n); const scaled = scaledNs(1n);',
];
const RIGHT = ['after(a, ns)', 'elapsed(a, a)'];
const WRONG = [
  'a + a',
  'ns + scaled',
  'ns + ns',
  'elapsed(ns, a)',
  'after(a, a)',
  'after(a, scaled)',
];

/** The expressions that it refuses. */
function refused(expressions: readonly string[]): string[] {
  const { config } = ts.readConfigFile(join(packageRoot, 'tsconfig.json'), (name) =>
    ts.sys.readFile(name),
  ) as { config: object };
  const { options } = ts.parseJsonConfigFileContent(
    { ...config, files: [], include: [] },
    ts.sys,
    packageRoot,
  );
  const text = [...HEAD, ...expressions.map((one, i) => `export const x${i} = ${one};`)].join('\n');
  const host = ts.createCompilerHost(options);
  const getSourceFile = host.getSourceFile.bind(host);
  const fileExists = host.fileExists.bind(host);
  host.fileExists = (name) => name === FILE || fileExists(name);
  host.getSourceFile = (name, target, ...rest) =>
    name === FILE ? ts.createSourceFile(name, text, target) : getSourceFile(name, target, ...rest);
  const program = ts.createProgram([FILE], { ...options, noEmit: true }, host);
  const lines = ts.getPreEmitDiagnostics(program).map(({ file, start = 0, messageText }) => {
    if (file?.fileName !== FILE) throw new Error(JSON.stringify(messageText));
    return file.getLineAndCharacterOfPosition(start).line;
  });
  return [...new Set(lines)].map((line) => expressions[line - HEAD.length] ?? `line ${line}`);
}

it(
  'the compiler refuses to add instants, and durations of different scale',
  { timeout: 60_000 },
  () => {
    expect(refused([...RIGHT, ...WRONG])).toEqual(WRONG);
  },
);
