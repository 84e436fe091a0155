/** Topologies in files: what is wrong is named with file, line and field. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { chooseTopology } from '#lab/choose-topology';
import {
  documentProblemText,
  parseTopology,
  writeTopology,
  writeTopologyYaml,
} from '../../../lab/topologies/document.js';
import { readShape } from '../../../lab/topologies/read.js';

function problems(text: string): readonly string[] {
  const parsed = parseTopology('lab.yaml', text);
  return parsed.ok ? [] : parsed.problems.map(documentProblemText);
}

const GOOD = `name: three
defaults: { delayNs: 800 }
nodes:
  - { name: gm, role: grandmaster }
  - { name: sw, role: transparent }
  - { name: c, role: client }
links:
  - { a: gm, b: sw }
  - a: sw
    b: c
    bitsPerSecond: null
`;

describe('a file', () => {
  it('says once what most links are', () => {
    const parsed = parseTopology('lab.yaml', GOOD);
    expect(parsed).toMatchObject({
      ok: true,
      value: {
        links: [
          { delayNs: 800, asymmetryNs: 0, bitsPerSecond: 10e9 },
          { delayNs: 800, asymmetryNs: 0, bitsPerSecond: null },
        ],
      },
    });
  });

  it.each(['chain:2', 'data-centre', 'ring:3', 'clos:1,2,3,4'])(
    'that was written of %s is read as it was, from YAML and from JSON',
    (text) => {
      const shape = readShape(text, 'boundary');
      if (!shape.ok) throw new Error(shape.error.message);
      for (const written of [writeTopologyYaml(shape.value), writeTopology(shape.value)]) {
        expect(parseTopology('x', written)).toEqual({ ok: true, value: shape.value });
      }
    },
  );

  it('with a name that YAML would take for something else is quoted', () => {
    const topology = {
      name: 'A b: c',
      nodes: [
        { name: 'null', role: 'grandmaster' as const },
        { name: 'true', role: 'client' as const },
      ],
      links: [{ a: 'null', b: 'true', delayNs: 1, asymmetryNs: 0, bitsPerSecond: null }],
    };
    expect(parseTopology('x', writeTopologyYaml(topology))).toEqual({ ok: true, value: topology });
  });
});

describe('what is wrong', () => {
  it('is told all at once, each with its line', () => {
    const text = GOOD.replace('role: client', 'role: slave')
      .replace('bitsPerSecond: null', 'rate: 5')
      .replace('b: sw }', 'b: sw, delayNs: fast }');
    expect(problems(text)).toEqual([
      'lab.yaml:6: nodes[2].role: expected one of grandmaster, boundary, transparent, switch, client',
      'lab.yaml:8: links[0].delayNs: expected a number',
      'lab.yaml:11: links[1].rate: no such field; there are a, b, delayNs, asymmetryNs, bitsPerSecond',
    ]);
  });

  it('with the network is told with the field', () => {
    const text = GOOD.replace('b: sw }', 'b: sv, delayNs: -3 }').replace(
      'bitsPerSecond: null',
      'asymmetryNs: 900',
    );
    expect(problems(text)).toEqual([
      'lab.yaml:8: links[0].b: there is no node sv',
      'lab.yaml:8: links[0].delayNs: -3 ns; a link takes no time or some',
      'lab.yaml:11: links[1].asymmetryNs: 900 ns is beyond the delay of 800 ns; one way would take less than no time',
    ]);
  });

  it.each([
    ['', 'lab.yaml:1: expected a mapping'],
    ['nodes: [', 'lab.yaml:1: '],
    ['nodes: []\nlinks: []', 'lab.yaml:1: nodes: there is none'],
    ['nodes:\n  - { name: a, role: client }\nlinks: []', 'lab.yaml:1: nodes: none of them'],
    ['links: []', 'lab.yaml:1: nodes: expected a list'],
    ['nodes: &a [*a]\nlinks: []', 'lab.yaml:1: '],
    [
      'nodes:\n  - { name: g, role: grandmaster }\n  - { name: c, role: client }\nlinks: []',
      'lab.yaml:3: nodes[1]: no link leads from a grandmaster to c',
    ],
  ])('%j: %s', (text, expected) => {
    expect(problems(text)[0]).toContain(expected);
  });
});

describe('a file that something has gone through', () => {
  const PIECES = [
    'null',
    '-1',
    '.nan',
    '&a',
    '*a',
    '{',
    ']',
    ': ',
    '\n',
    '- ',
    '"',
    '<<: ',
    '\t',
    '\0',
  ];

  it('is read, or told where it is wrong, whatever it holds', () => {
    const text = fc.array(
      fc.record({ at: fc.nat(GOOD.length), cut: fc.nat(8), piece: fc.constantFrom(...PIECES) }),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(text, (edits) => {
        const broken = edits.reduce(
          (sum, { at, cut, piece }) => sum.slice(0, at) + piece + sum.slice(at + cut),
          GOOD,
        );
        const parsed = parseTopology('lab.yaml', broken);
        if (parsed.ok) return;
        expect(parsed.problems.length).toBeGreaterThan(0);
        for (const { line, message } of parsed.problems) {
          expect(line).toBeGreaterThanOrEqual(1);
          expect(message).not.toBe('');
        }
      }),
      { numRuns: 200 },
    );
  });
});

describe('what somebody asks for', () => {
  let directory = '';
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'topologies-'));
  });
  afterAll(() => rm(directory, { recursive: true }));

  const chosen = async (choice: Parameters<typeof chooseTopology>[0]) => {
    const found = await chooseTopology(choice);
    return found.ok ? `${found.written} = ${found.value.name}` : found.problems.join('\n');
  };

  it('may be a shape, a shape with numbers beside it, or a file', async () => {
    const file = join(directory, 'three.yaml');
    await writeFile(file, GOOD);
    expect(await chosen({ text: 'chain:2' })).toBe('chain:2 = chain-2');
    expect(await chosen({ text: 'chain', numbers: { switches: 19 } })).toBe('chain:19 = chain-19');
    expect(await chosen({ text: 'tree', numbers: { fanout: 5 } })).toBe('tree:2,5 = tree-2-5');
    expect(await chosen({ text: 'data-center' })).toBe('data-center = data-centre');
    expect(await chosen({ text: file })).toBe(`${file} = three`);
  });

  it('has links as they are said', async () => {
    const found = await chooseTopology({ text: 'chain:1', link: { delayNs: 9, asymmetryNs: 2 } });
    expect(found).toMatchObject({
      value: { links: [{ delayNs: 9, asymmetryNs: 2, bitsPerSecond: 10e9 }, { delayNs: 9 }] },
    });
  });

  it.each([
    [{ text: 'cube' }, 'no shape "cube"; there are chain:switches'],
    [{ text: 'cube' }, 'or a file, whose name ends in .yaml, .yml or .json'],
    [{ text: 'star', numbers: { depth: 3 } }, 'star has no depth; it is made by clients'],
    [{ text: 'data-centre', numbers: { leaves: 3 } }, 'its numbers are fixed'],
    [{ text: 'chain:2', numbers: { switches: 3 } }, '"chain:2" has its numbers already'],
    [{ text: 'chain:1', link: { delayNs: -4 } }, 'links[0].delayNs: -4 ns'],
    [{ text: 'none/of.yaml' }, 'none/of.yaml: '],
    [{ text: 'x.yaml', role: 'boundary' as const }, 'leave out the role'],
  ])('%j: %s', async (choice, expected) => {
    expect(await chosen(choice)).toContain(expected);
  });
});
