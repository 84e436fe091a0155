import { clone } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { indexP4Info } from '#p4rt/p4info';
import { P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import { programIndex, programP4Info } from '../support/program.js';

describe('the index of a P4Info', () => {
  const index = programIndex();

  it('finds a table by alias, by full name and by id', () => {
    const byAlias = index.tables.byName('source_mac');
    if (!byAlias.ok) throw new Error(byAlias.error.message);
    expect(byAlias.value.name).toBe('main_ingress.forward.source_mac');
    expect(byAlias.value.match).toEqual([
      { id: 1, name: 'vid', bitwidth: 12, kind: 'exact' },
      { id: 2, name: 'mac', bitwidth: 48, kind: 'exact' },
    ]);
    expect(index.tables.byName(byAlias.value.name)).toEqual(byAlias);
    expect(index.tables.byId(byAlias.value.id)).toEqual(byAlias);
  });

  it('knows which actions entries may have', () => {
    const table = index.tables.byName('source_mac');
    const known = index.actions.byName('known_on');
    const defaultOnly = index.actions.byName('unknown_source');
    if (!table.ok || !known.ok || !defaultOnly.ok) throw new Error('not in the P4Info');
    expect(table.value.entryActions.has(known.value.id)).toBe(true);
    expect(table.value.entryActions.has(defaultOnly.value.id)).toBe(false);
  });

  it('knows the members of a digest', () => {
    expect(index.digests.byName('learned_mac_t')).toMatchObject({
      ok: true,
      value: {
        members: [
          { name: 'vid', bitwidth: 12 },
          { name: 'mac', bitwidth: 48 },
          { name: 'port', bitwidth: 9 },
        ],
      },
    });
  });

  it('names what is not there', () => {
    expect(index.tables.byName('nonsense')).toEqual({
      ok: false,
      error: { code: 'p4info-unknown', message: "P4Info has no table 'nonsense'" },
    });
  });

  it('refuses an id that two tables have', () => {
    const info = clone(P4InfoSchema, programP4Info());
    const [first] = info.tables;
    if (first === undefined) throw new Error('no table');
    info.tables.push(first);
    expect(indexP4Info(info)).toMatchObject({ ok: false, error: { code: 'p4info-ambiguous' } });
  });

  it('finds neither of two objects that share an alias, but both by their names', () => {
    const info = clone(P4InfoSchema, programP4Info());
    for (const table of info.tables.slice(0, 2)) {
      if (table.preamble !== undefined) table.preamble.alias = 'twin';
    }
    const result = indexP4Info(info);
    if (!result.ok) throw new Error(result.error.message);
    expect(result.value.tables.byName('twin')).toMatchObject({
      error: { code: 'p4info-ambiguous' },
    });
    expect(result.value.tables.byName('main_ingress.enter.admit_port.port').ok).toBe(true);
  });
});
