/** What the statements of a test read: requests, and answers in words. Pure. */
import { decodeBytestring } from '#p4rt/bytestring';
import type { P4Info } from '#protos/p4/config/v1/p4info_pb';
import type { Entity, TableEntry } from '#protos/p4/v1/p4runtime_pb';
import { entity } from './entities.js';
import type { Found } from './names.js';
import { findByPreamble } from './names.js';
import type { Comparison, StfStatement } from './statements.js';

export type ReadingStatement = StfStatement & {
  readonly kind: 'checkCounter' | 'counterRead' | 'registerRead' | 'meterRead' | 'mirrorRead';
};
type CounterCheck = StfStatement & { readonly kind: 'checkCounter' };

/** The P4Runtime entity to ask for. */
export function requestOf(
  info: P4Info,
  labels: ReadonlyMap<string, TableEntry>,
  statement: ReadingStatement,
): Found<Entity> {
  switch (statement.kind) {
    case 'checkCounter':
      return typeof statement.index === 'string'
        ? directCounter(labels, statement.index)
        : counterCell(info, statement.counter, statement.index);
    case 'counterRead':
      return counterCell(info, statement.name, statement.index);
    case 'registerRead': {
      const register = findByPreamble(info.registers, statement.name, 'register');
      if (!register.ok) return register;
      const registerId = register.value.preamble?.id ?? 0;
      const value = { registerId, index: { index: statement.index } };
      return { ok: true, value: entity({ case: 'registerEntry', value }) };
    }
    case 'meterRead': {
      const meter = findByPreamble(info.meters, statement.name, 'meter');
      if (!meter.ok) return meter;
      const meterId = meter.value.preamble?.id ?? 0;
      const value = { meterId, index: { index: statement.index } };
      return { ok: true, value: entity({ case: 'meterEntry', value }) };
    }
    case 'mirrorRead': {
      const session = { sessionId: statement.session };
      const value = { type: { case: 'cloneSessionEntry' as const, value: session } };
      return { ok: true, value: entity({ case: 'packetReplicationEngineEntry', value }) };
    }
  }
}

function counterCell(info: P4Info, name: string, index: bigint): Found<Entity> {
  const counter = findByPreamble(info.counters, name, 'counter');
  if (!counter.ok) return counter;
  const value = { counterId: counter.value.preamble?.id ?? 0, index: { index } };
  return { ok: true, value: entity({ case: 'counterEntry', value }) };
}

function directCounter(labels: ReadonlyMap<string, TableEntry>, label: string): Found<Entity> {
  const tableEntry = labels.get(label);
  return tableEntry === undefined
    ? { ok: false, message: `no entry is called '${label}': 'add … = ${label}' calls one so` }
    : { ok: true, value: entity({ case: 'directCounterEntry', value: { tableEntry } }) };
}

const COMPARE: Readonly<Record<Comparison, (a: bigint, b: bigint) => boolean>> = {
  '==': (a, b) => a === b,
  '!=': (a, b) => a !== b,
  '<': (a, b) => a < b,
  '<=': (a, b) => a <= b,
  '>': (a, b) => a > b,
  '>=': (a, b) => a >= b,
};

/** What is wrong with a counter; null: it is as the test says. */
export function counterProblem(statement: CounterCheck, { entity: found }: Entity): string | null {
  if (found.case !== 'counterEntry' && found.case !== 'directCounterEntry') return 'no counter';
  const { packetCount = 0n, byteCount = 0n } = found.value.data ?? {};
  const { what, comparison, value, counter, index } = statement;
  const count = what === 'packets' ? packetCount : byteCount;
  return COMPARE[comparison](count, value)
    ? null
    : `${counter}(${index}) has ${count} ${what}, expected ${comparison} ${value}`;
}

/** An answer in words. */
export function readingOf(statement: ReadingStatement, { entity: found }: Entity): string {
  const where = 'name' in statement ? `${statement.name}[${statement.index}]` : '';
  switch (found.case) {
    case 'counterEntry': {
      const { packetCount = 0n, byteCount = 0n } = found.value.data ?? {};
      return `${where}: ${packetCount} packets, ${byteCount} bytes`;
    }
    case 'registerEntry': {
      const data = found.value.data?.data;
      const value = data?.case === 'bitstring' ? decodeBytestring(data.value, 4096) : null;
      return `${where}: ${value?.ok === true ? value.value : 'no number'}`;
    }
    case 'meterEntry': {
      const { config } = found.value;
      return config === undefined
        ? `${where}: not configured`
        : `${where}: ${config.cir}/s:${config.cburst} ${config.pir}/s:${config.pburst}`;
    }
    case 'packetReplicationEngineEntry': {
      const { type } = found.value;
      if (type.case !== 'cloneSessionEntry') return 'no session';
      const ports = type.value.replicas.map(({ portKind }) => {
        const port = portKind.case === 'port' ? decodeBytestring(portKind.value, 32) : null;
        return port?.ok === true ? String(port.value) : String(portKind.value);
      });
      return `session ${type.value.sessionId}: ports ${ports.join(', ')}`;
    }
    default:
      return 'nothing';
  }
}
