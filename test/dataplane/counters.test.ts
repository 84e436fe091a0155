import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import {
  collectCells,
  portCounters,
  residenceCounts,
  switchDrops,
  wantedCells,
  wantedResidence,
} from '#dataplane/counters';
import { EntitySchema, type Entity } from '#protos/p4/v1/p4runtime_pb';
import { programIndex } from '../support/program.js';

const index = programIndex();

/** What a switch answers: every cell asked for, with a count by its place. */
function answer(request: readonly Entity[], count: (id: number, cell: bigint) => bigint): Entity[] {
  return request.map(({ entity }) => {
    if (entity.case !== 'counterEntry') throw new Error('not a counter');
    const { counterId, index: cell } = entity.value;
    return create(EntitySchema, {
      entity: {
        case: 'counterEntry',
        value: {
          counterId,
          ...(cell === undefined ? {} : { index: cell }),
          data: { packetCount: count(counterId, cell?.index ?? 0n) },
        },
      },
    });
  });
}

function idOf(name: string): number {
  const counter = index.counters.byName(name);
  if (!counter.ok) throw new Error(counter.error.message);
  return counter.value.id;
}

describe('counters', () => {
  it("are read from the port's slot, message by message", () => {
    const wanted = wantedCells(index, [0, 3]);
    if (!wanted.ok) throw new Error(wanted.error.message);
    const cells = collectCells(
      index,
      answer(wanted.value, (_id, cell) => cell + 1n),
    );
    const port = portCounters(cells, 3);
    expect(port.messages.sync).toMatchObject({ received: 49, corrected: 49 });
    expect(port.messages.announce).toMatchObject({ received: 60, corrected: 60 });
    expect(port.malformed.lengthTooShort).toBe(3 * 8 + 4 + 1);
    expect(port.version1).toBe(4);
  });

  it('keep ingress and egress drops apart, by reason', () => {
    const wanted = wantedCells(index, [0]);
    if (!wanted.ok) throw new Error(wanted.error.message);
    const ingress = idOf('ingress_dropped');
    const firstSlot = (id: number, cell: bigint) => (id === ingress ? cell : 100n + cell);
    const cells = collectCells(
      index,
      answer(wanted.value, (id, cell) => (cell < 32n ? firstSlot(id, cell) : 0n)),
    );
    for (const drops of [portCounters(cells, 0).drops, switchDrops(cells, [0])]) {
      expect(drops.ingress.vlanNotAdmitted).toBe(2);
      expect(drops.egress.egressVlan).toBe(107);
    }
  });

  it("find the residence buckets of the port's slot", () => {
    const wanted = wantedResidence(index, 1);
    if (!wanted.ok) throw new Error(wanted.error.message);
    expect(wanted.value).toHaveLength(512);
    const cells = collectCells(
      index,
      answer(wanted.value, (_id, cell) => (cell === 512n + 100n ? 7n : 0n)),
    );
    const counts = residenceCounts(cells, 1);
    expect(counts[100]).toBe(7n);
    expect(counts.reduce((sum, n) => sum + n, 0n)).toBe(7n);
  });
});
