/** Chapter 9.5: multicast groups and clone sessions. */
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import type { Controller } from '../conversation.js';
import { b } from '../entries.js';
import type { Clause } from './clause.js';
import { holds, same, section, single } from './clause.js';
import {
  after,
  clone,
  inserts,
  multicast,
  readAnswers,
  reads,
  replica,
  writes,
} from './entities.js';
import { CLONE_SESSION, CPU, MULTICAST_GROUP, requestFrame, WHAT } from './program.js';

const { INSERT, MODIFY, DELETE } = Update_Type;
const TO_CPU = b(CPU);
const MAX_INSTANCE = 0xffff_ffff;

/** A group of one replica for each of these instances, on the controller's port. */
const groupOf = (...instances: readonly number[]) =>
  multicast({
    multicastGroupId: MULTICAST_GROUP,
    replicas: instances.map((instance) => replica(TO_CPU, instance)),
  });
const sessionOf = (instances: readonly number[], more: object = {}) =>
  clone({
    sessionId: CLONE_SESSION,
    replicas: instances.map((instance) => replica(TO_CPU, instance)),
    ...more,
  });

async function groupsOf(one: Controller, multicastGroupId: number) {
  const type = { case: 'multicastGroupEntry' as const, value: { multicastGroupId } };
  const read = await reads(one, 'packetReplicationEngineEntry', { type });
  return read.flatMap((of) => (of.type.case === 'multicastGroupEntry' ? [of.type.value] : []));
}
async function sessionsOf(one: Controller, value: object) {
  const type = { case: 'cloneSessionEntry' as const, value };
  const read = await reads(one, 'packetReplicationEngineEntry', { type });
  return read.flatMap((of) => (of.type.case === 'cloneSessionEntry' ? [of.type.value] : []));
}

/** The packet-ins that come of this frame before the answer to the next one. */
async function copies(one: Controller, what: number): Promise<Uint8Array[]> {
  const metadata = [1, 2].map((metadataId) => ({ metadataId, value: b(0) }));
  for (const of of [what, WHAT.tag]) {
    one.says({ case: 'packet', value: { payload: requestFrame({ what: of }), metadata } });
  }
  const seen: Uint8Array[] = [];
  for (;;) {
    const heard = await one.hears(3000);
    if (typeof heard === 'string' || Array.isArray(heard) || heard.case !== 'packet') return seen;
    // A copy takes another way than the frame that follows, so that it may come after it.
    if (heard.value.payload[0] === WHAT.tag) break;
    seen.push(heard.value.payload);
  }
  for (;;) {
    const late = await one.hears(60);
    if (typeof late === 'string' || Array.isArray(late) || late.case !== 'packet') return seen;
    seen.push(late.value.payload);
  }
}

const instances = async (one: Controller): Promise<number[]> =>
  (await copies(one, WHAT.multicast)).map((payload) => payload[13] ?? -1).sort();

const withBackups = (...backups: readonly (readonly [port: number, instance: number])[]) =>
  multicast({
    multicastGroupId: MULTICAST_GROUP,
    replicas: [
      {
        ...replica(b(1), 1),
        backupReplicas: backups.map(([port, instance]) => ({ port: b(port), instance })),
      },
    ],
  });

const GROUPS: readonly Clause[] = section(
  '9.5.1',
  'MulticastGroupEntry',
  [
    'a frame leaves once for each replica, under its instance, and not as it would alone',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, groupOf(1, 2, 7));
      same('the instances', await instances(one), [1, 2, 7]);
    },
  ],
  [
    'a group that is not there drops the frame',
    async ({ ready }) => same('the instances', await instances(await ready()), []),
  ],
  after(
    '0 is the id of no group: INVALID_ARGUMENT',
    [],
    INSERT,
    multicast({ replicas: [replica(TO_CPU, 1)] }),
    'INVALID_ARGUMENT',
  ),
  after('an instance may be 0', [], INSERT, groupOf(0), 'OK'),
  after(
    'an instance beyond the target’s is INVALID_ARGUMENT',
    [],
    INSERT,
    groupOf(MAX_INSTANCE),
    'INVALID_ARGUMENT',
  ),
  after(
    'a port and instance twice is INVALID_ARGUMENT',
    [],
    INSERT,
    groupOf(1, 1),
    'INVALID_ARGUMENT',
  ),
  after(
    'INSERT of a group that is there is ALREADY_EXISTS',
    [groupOf(1)],
    INSERT,
    groupOf(1),
    'ALREADY_EXISTS',
  ),
  after('MODIFY of none is NOT_FOUND', [], MODIFY, groupOf(1), 'NOT_FOUND'),
  after('MODIFY keeps to the same rules', [groupOf(1)], MODIFY, groupOf(2, 2), 'INVALID_ARGUMENT'),
  after('DELETE of none is NOT_FOUND', [], DELETE, groupOf(), 'NOT_FOUND'),
  [
    'MODIFY changes the replicas; DELETE takes the id alone, and frames are dropped then',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, groupOf(1, 2));
      await writes('the MODIFY', one, MODIFY, groupOf(3));
      same('the instances', await instances(one), [3]);
      await writes('the DELETE', one, DELETE, groupOf(9, 9));
      same('then', await instances(one), []);
    },
  ],
  [
    'backups are obeyed, and read in their order, or UNIMPLEMENTED',
    async ({ ready }) => {
      const one = await ready();
      const answer = single(await one.writes(INSERT, [withBackups([3, 1], [2, 1])]));
      holds(`the write: ${answer}`, ['OK', 'UNIMPLEMENTED'].includes(answer));
      if (answer !== 'OK') return;
      const [read] = await groupsOf(one, MULTICAST_GROUP);
      const ports = read?.replicas[0]?.backupReplicas.map(({ port }) => port[0]);
      same('the backups', ports, [3, 2]);
    },
  ],
  [
    'a backup on its replica’s own port is INVALID_ARGUMENT, or UNIMPLEMENTED',
    async ({ ready }) => {
      const answer = single(await (await ready()).writes(INSERT, [withBackups([1, 2])]));
      holds(`the write: ${answer}`, ['INVALID_ARGUMENT', 'UNIMPLEMENTED'].includes(answer));
    },
  ],
  [
    'a port and instance twice among backups is INVALID_ARGUMENT, or UNIMPLEMENTED',
    async ({ ready }) => {
      const answer = single(await (await ready()).writes(INSERT, [withBackups([2, 2], [2, 2])]));
      holds(`the write: ${answer}`, ['INVALID_ARGUMENT', 'UNIMPLEMENTED'].includes(answer));
    },
  ],
  [
    'metadata comes back, and MODIFY changes it',
    async ({ ready }) => {
      const one = await ready();
      const of = (metadata: Uint8Array) =>
        multicast({ multicastGroupId: MULTICAST_GROUP, replicas: [replica(TO_CPU, 1)], metadata });
      await inserts(one, of(b(0xabcdef)));
      same('the metadata', (await groupsOf(one, MULTICAST_GROUP))[0]?.metadata, b(0xabcdef));
      await writes('the MODIFY', one, MODIFY, of(b(1)));
      same('then', (await groupsOf(one, MULTICAST_GROUP))[0]?.metadata, b(1));
    },
  ],
  [
    'a read goes by the id alone; 0 gives all',
    async ({ ready }) => {
      const one = await ready();
      const other = multicast({ multicastGroupId: 7, replicas: [] });
      await inserts(one, groupOf(1), other);
      same('all', (await groupsOf(one, 0)).length, 2);
      const { entities } = await one.reads([groupOf(8, 8)]);
      same('one, whatever else is given', entities.length, 1);
      await readAnswers('the one', one, groupOf(8, 8), 'OK');
    },
  ],
);

const SESSIONS: readonly Clause[] = section(
  '9.5.2',
  'CloneSessionEntry',
  [
    'a frame is cloned once for each replica',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, sessionOf([1, 2]));
      same('the clones', (await copies(one, WHAT.clone)).length, 2);
    },
  ],
  [
    'a session that is not there makes no clones',
    async ({ ready }) => same('the clones', (await copies(await ready(), WHAT.clone)).length, 0),
  ],
  [
    'packet_length_bytes is how long a clone is at most; 0 leaves it',
    async ({ ready }) => {
      const one = await ready();
      const lengths = async () => (await copies(one, WHAT.clone)).map(({ length }) => length);
      await inserts(one, sessionOf([1, 2, 3]));
      const whole = await lengths();
      await writes('the MODIFY', one, MODIFY, sessionOf([1, 2, 3], { packetLengthBytes: 4 }));
      const cut = await lengths();
      const { length } = requestFrame({ what: 1 });
      same('not cut', whole, [length, length, length]);
      same('the clones', cut.length, 3);
      holds(`they have ${cut.join(', ')} octets`, Math.max(...cut) <= 4);
    },
  ],
  after(
    '0 is the id of no session: INVALID_ARGUMENT',
    [],
    INSERT,
    clone({ replicas: [replica(TO_CPU, 1)] }),
    'INVALID_ARGUMENT',
  ),
  after('an instance may be 0', [], INSERT, sessionOf([0]), 'OK'),
  after(
    'an instance beyond the target’s is INVALID_ARGUMENT',
    [],
    INSERT,
    sessionOf([MAX_INSTANCE]),
    'INVALID_ARGUMENT',
  ),
  after(
    'a class of service that is none is INVALID_ARGUMENT',
    [],
    INSERT,
    sessionOf([1], { classOfService: 0xffff }),
    'INVALID_ARGUMENT',
  ),
  after(
    'INSERT of a session that is there is ALREADY_EXISTS',
    [sessionOf([1])],
    INSERT,
    sessionOf([1]),
    'ALREADY_EXISTS',
  ),
  after('MODIFY of none is NOT_FOUND', [], MODIFY, sessionOf([1]), 'NOT_FOUND'),
  after('DELETE of none is NOT_FOUND', [], DELETE, sessionOf([]), 'NOT_FOUND'),
  [
    'MODIFY changes the replicas; DELETE takes the id alone, and nothing is cloned then',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, sessionOf([1, 2]));
      await writes('the MODIFY', one, MODIFY, sessionOf([3]));
      same('the clones', (await copies(one, WHAT.clone)).length, 1);
      await writes('the DELETE', one, DELETE, sessionOf([9, 9], { classOfService: 0xffff }));
      same('then', (await copies(one, WHAT.clone)).length, 0);
    },
  ],
  [
    'it is read as it was written, by the id alone; 0 gives all',
    async ({ ready }) => {
      const one = await ready();
      await inserts(one, sessionOf([4], { classOfService: 2, packetLengthBytes: 64 }));
      await inserts(one, clone({ sessionId: 7, replicas: [] }));
      same('all', (await sessionsOf(one, {})).length, 2);
      const [read] = await sessionsOf(one, { sessionId: CLONE_SESSION, classOfService: 9 });
      same('the class of service', read?.classOfService, 2);
      same('the length', read?.packetLengthBytes, 64);
      same('the instance', read?.replicas[0]?.instance, 4);
    },
  ],
);

export const REPLICATION: readonly Clause[] = [...GROUPS, ...SESSIONS];
