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

function read(slots: readonly number[], count: (id: number, cell: bigint) => bigint) {
  const wanted = wantedCells(index, slots);
  if (!wanted.ok) throw new Error(wanted.error.message);
  return collectCells(index, answer(wanted.value, count));
}

describe('counters', () => {
  it("are read from the port's slot, message by message", () => {
    const port = portCounters(
      read([0, 3], (_id, cell) => cell + 1n),
      3,
    );
    const [row16, row32] = [3 * 16 + 1, 3 * 32 + 1];
    expect(port.messages.sync).toEqual({
      received: row16,
      sent: row16,
      corrected: row16,
      // Sync is never answered: nobody asks for that cell.
      answered: 0,
      puntMetered: row16,
    });
    expect(port.messages.delayReq.answered).toBe(row16 + 1);
    expect(port.messages.announce).toMatchObject({ received: row16 + 0xb, sent: row16 + 0xb });
    expect(port.malformed.lengthTooShort).toBe(3 * 8 + 4 + 1);
    expect(port.version1).toBe(4);
    expect(port.untouched.moreThanTwoTags).toBe(3 * 4 + 2 + 1);
    expect(port.twoStep.unmatchedResponse).toBe(row16 + 6);
    expect(port.drops.ingress.meteredAway).toBe(row32 + 19);
  });

  it('keep ingress and egress drops apart, by reason, in all and port by port', () => {
    const ingress = idOf('ingress_dropped');
    const cells = read([0, 1], (id) => (id === ingress ? 1n : 100n));
    const { drops } = portCounters(cells, 1);
    expect([drops.ingress.loop, drops.egress.egressVlan]).toEqual([1, 100]);
    // Two ports, and those that nobody configured.
    const all = switchDrops(cells, [0, 1]);
    expect([all.ingress.portUnknown, all.egress.residenceTooLong]).toEqual([3, 300]);
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
