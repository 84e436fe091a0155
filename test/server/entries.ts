/** Table entries of the fixture program, in short. */
import { encodeBytestring } from '#p4rt/bytestring';
import type { TableEntryInit } from './conversation.js';
import { ID } from './fixture-program.js';

export const b = (value: bigint | number): Uint8Array => encodeBytestring(value);

export const exact = (fieldId: number, value: Uint8Array) => ({
  fieldId,
  fieldMatchType: { case: 'exact' as const, value: { value } },
});
export const lpm = (fieldId: number, value: Uint8Array, prefixLen: number) => ({
  fieldId,
  fieldMatchType: { case: 'lpm' as const, value: { value, prefixLen } },
});
export const ternary = (fieldId: number, value: Uint8Array, mask: Uint8Array) => ({
  fieldId,
  fieldMatchType: { case: 'ternary' as const, value: { value, mask } },
});
export const range = (fieldId: number, low: Uint8Array, high: Uint8Array) => ({
  fieldId,
  fieldMatchType: { case: 'range' as const, value: { low, high } },
});
export const optional = (fieldId: number, value: Uint8Array) => ({
  fieldId,
  fieldMatchType: { case: 'optional' as const, value: { value } },
});

export const action = (actionId: number, ...values: Uint8Array[]) => ({
  type: {
    case: 'action' as const,
    value: { actionId, params: values.map((value, i) => ({ paramId: i + 1, value })) },
  },
});

export const forward = (port: number) => action(ID.forward, b(port));

export const mac = (dst: bigint, vlan: number, port: number): TableEntryInit => ({
  tableId: ID.mac,
  match: [exact(1, b(dst)), exact(2, b(vlan))],
  action: forward(port),
});

export const acl = (
  priority: number,
  match: NonNullable<TableEntryInit['match']>,
): TableEntryInit => ({
  tableId: ID.acl,
  priority,
  match,
  action: action(ID.drop),
});

export const route = (
  address: number,
  prefixLen: number,
  vrf: number,
  port = 1,
): TableEntryInit => ({
  tableId: ID.route,
  match: [...(prefixLen === 0 ? [] : [lpm(1, b(address >>> 0), prefixLen)]), exact(2, b(vrf))],
  action: forward(port),
});
