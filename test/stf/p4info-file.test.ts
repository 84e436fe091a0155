import { readFileSync } from 'node:fs';
import { toJson } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import { parseP4Info } from '#server/program/p4info-file';

function info(text: string) {
  const parsed = parseP4Info(text);
  if (!parsed.ok) throw new Error(`${parsed.line}: ${parsed.message}`);
  return toJson(P4InfoSchema, parsed.info);
}

const artefact = (name: string): string =>
  readFileSync(new URL(`../../p4/artefacts/${name}`, import.meta.url), 'utf8');

describe('a P4Info in text format', () => {
  it.each(['main_bmv2', 'main_native'])('is that in JSON: %s', (name) => {
    expect(info(artefact(`${name}.p4info.txtpb`))).toEqual(info(artefact(`${name}.p4info.json`)));
  });

  it('has escapes, lists, maps, comments and either kind of brackets', () => {
    const text = String.raw`
      tables < preamble { id: 0x10, name: "a" 'b\t"\x41\101' } direct_resource_ids: [1, 2]; >
      type_info { # enumerations
        serializable_enums { key: "E" value { members { name: "M" value: "\000\377\n" } } }
      }`;
    expect(info(text)).toEqual({
      tables: [{ preamble: { id: 16, name: 'ab\t"AA' }, directResourceIds: [1, 2] }],
      typeInfo: { serializableEnums: { E: { members: [{ name: 'M', value: 'AP8K' }] } } },
    });
  });

  it.each([
    ['tables {\n  preambel { id: 1 }\n}', 2, "Table has no field 'preambel'"],
    ['tables {\n', 2, 'a field is expected, not the end of the file'],
    ['tables { size 3 }', 1, "':' is expected"],
    ['pkg_info { arch: "a" arch: "b" }', 1, "'arch' is given twice"],
    ['pkg_info { arch: = }', 1, "'=' is not expected here"],
  ])('%j: line %i, %s', (text, line, message) => {
    expect(parseP4Info(text)).toEqual({ ok: false, line, message });
  });

  it('is checked by protobuf for what its values may be', () => {
    const parsed = parseP4Info('tables { size: "many" }');
    expect(parsed).toMatchObject({ ok: false, line: null });
  });
});
