/** What the clauses of chapter 9.2 have in common. */
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { Controller, EntityInit } from '../conversation.js';
import type { Bench } from './clause.js';
import type { Part } from './entities.js';
import { answering, group, readyWith, writes } from './entities.js';
import type { p4info } from './program.js';
import { ID, WHAT } from './program.js';

const { INSERT } = Update_Type;
export type Weighted = readonly (readonly [answer: number, weight: number])[];
export type Info = ReturnType<typeof p4info>;

export const asksGroup = (
  bench: Bench,
  one: Controller,
  port: number,
  number = 0,
): Promise<number[]> => bench.asks(one, { what: WHAT.grouped, port, number });

/** The answers of so many flows, each once, sorted. */
export async function flows(
  bench: Bench,
  one: Controller,
  port: number,
  count = 40,
): Promise<number[]> {
  const found = new Set<number>();
  for (let i = 0; i < count; i += 1) {
    for (const answer of await asksGroup(bench, one, port, i * 2_654_435)) found.add(answer);
  }
  return [...found].sort((a, b) => a - b);
}

export const shared = (info: Info) => {
  const profile = info.actionProfiles.find(({ preamble }) => preamble?.id === ID.shared);
  if (profile === undefined) throw new Error('the selector has gone');
  return profile;
};

export const sumOfMembers = (maxMemberWeight: number) => (info: Info) => {
  shared(info).selectorSizeSemantics = {
    case: 'sumOfMembers',
    value: { $typeName: 'p4.config.v1.ActionProfile.SumOfMembers', maxMemberWeight },
  };
};
export const withoutWeights = (info: Info): void => {
  shared(info).weightsDisallowed = true;
};
export const ofAnySize = (info: Info): void => {
  shared(info).maxGroupSize = 0;
};

/** With the P4Info changed so, these entities are answered so, one after the other. */
export const under = (
  says: string,
  change: (info: Info) => void,
  ...inserted: readonly (readonly [EntityInit, string])[]
): Part => [
  says,
  async (bench) => {
    const one = await readyWith(bench, change);
    for (const [entity, code] of inserted) await writes('the write', one, INSERT, entity, code);
  },
];

export const asWritten: (info: Info) => void = () => undefined;
export const M1 = answering(1, 0x11);
export const M2 = answering(2, 0x22);
export const GROUP = group(1, [1, 2]);
