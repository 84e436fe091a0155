import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { read, repositoryFiles } from './repository-files.js';

/** Names that belong to one architecture: its files, its package, its metadata. */
const ARCHITECTURE_NAMES =
  /\b(v1model|V1Switch|standard_metadata\w*|mark_to_drop|psa|pna|dpdk|tna|t2na|tofino)\b/i;

/** P4 without its comments: these may speak of architectures. */
const codeOf = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\//g, '').replace(/\/\/.*$/gm, '');

/** What is wrong with a file of p4/, by its path. */
function problems(file: string, text: string): string[] {
  const code = codeOf(text);
  const includes = [...code.matchAll(/^\s*#\s*include\s*([<"])([^>"]+)[>"]/gm)];
  const isCore = file.startsWith('p4/core/');
  const mayNameArchitecture = file.startsWith('p4/arch/') || /^main_\w+\.p4$/.test(basename(file));
  const found: string[] = [];
  for (const [, bracket, name = ''] of includes) {
    const target = bracket === '"' ? join(dirname(file), name) : `<${name}>`;
    const inCore = target.startsWith('p4/core/') || target === '<core.p4>';
    if (isCore && !inCore) found.push(`${file} must not include ${target}`);
  }
  const name = ARCHITECTURE_NAMES.exec(code)?.[0];
  if (!mayNameArchitecture && name !== undefined) found.push(`${file} must not name ${name}`);
  return found;
}

const SOURCES = repositoryFiles('p4').filter((file) => file.endsWith('.p4'));

describe('the P4 program', () => {
  it('keeps architectures out of its core', () => {
    expect(SOURCES.filter((file) => file.startsWith('p4/core/'))).not.toEqual([]);
    expect(SOURCES.flatMap((file) => problems(file, read(file)))).toEqual([]);
  });
});

describe('the checker', () => {
  it('catches an include of an architecture in core', () => {
    expect(problems('p4/core/a.p4', '#include "../arch/v1model.p4"')).toHaveLength(2);
    expect(problems('p4/core/a.p4', '#include <v1model.p4>')).toHaveLength(2);
  });

  it('catches an architecture’s name in core, but not in a comment', () => {
    expect(problems('p4/core/a.p4', 'control c(inout standard_metadata_t sm) {}')).toHaveLength(1);
    expect(problems('p4/core/a.p4', '// as on v1model\n/* psa */')).toEqual([]);
  });

  it('lets mains and arch name theirs', () => {
    expect(problems('p4/main_bmv2.p4', '#include <v1model.p4>')).toEqual([]);
    expect(problems('p4/arch/v1model/a.p4', 'mark_to_drop(sm);')).toEqual([]);
  });

  it('lets core include core', () => {
    expect(problems('p4/core/a.p4', '#include "types.p4"\n#include <core.p4>')).toEqual([]);
  });
});
