import { create, fromJson, type JsonObject } from '@bufbuild/protobuf';
import { anyPack, StructSchema } from '@bufbuild/protobuf/wkt';
import { status } from '@grpc/grpc-js';
import fc from 'fast-check';
import type {
  ArbitrationEffect,
  ArbitrationInput,
  ArbitrationLimits,
  ArbitrationState,
} from '#server/session/arbitration';
import { arbitrate, isPrimary, mayWrite, NO_CLIENTS, primaries } from '#server/session/arbitration';
import type { Outcome } from '#server/errors';
import { done, invalid } from '#server/errors';
import type { RoleScope } from '#server/session/role-config';
import { parseRoleConfig } from '#server/session/role-config';
import { describe, expect, it } from 'vitest';

const LIMITS: ArbitrationLimits = { deviceId: 1n, clientsPerRole: 4, roles: 3 };

const WRONG = invalid('wrong');

function roleConfig(config: JsonObject): Outcome<RoleScope> {
  const struct = create(StructSchema, fromJson(StructSchema, config));
  return parseRoleConfig(anyPack(StructSchema, struct));
}

/** A device to talk to; what it answers is written as "client standing highest". */
function device(limits = LIMITS) {
  let state: ArbitrationState = NO_CLIENTS;
  const take = (input: ArbitrationInput): string[] => {
    const step = arbitrate(state, limits, input);
    state = step.state;
    return step.effects.map(describeEffect);
  };
  return {
    says: (
      client: number,
      electionId: bigint | null,
      more: {
        deviceId?: bigint;
        role?: string;
        config?: Outcome<RoleScope>;
        isWriting?: boolean;
      } = {},
    ) =>
      take({
        kind: 'update',
        client,
        electionId,
        deviceId: 1n,
        role: '',
        config: done(null),
        isWriting: false,
        ...more,
      }),
    written: (role = '') => take({ kind: 'written', role }),
    leaves: (client: number) => take({ kind: 'disconnected', client }),
    accepts: (electionId: bigint | null, role = '') => mayWrite(state, role, electionId),
    isPrimary: (client: number) => isPrimary(state, client),
    scope: (role: string) => state.roles.get(role)?.scope,
  };
}

function describeEffect(effect: ArbitrationEffect): string {
  return effect.kind === 'notify'
    ? `${effect.client} ${effect.standing} ${effect.highest ?? 'unset'}`
    : `${effect.client} ended ${status[effect.code]}`;
}

describe('a first message on a stream (rules for MasterArbitrationUpdate, case 1)', () => {
  it('makes the first client with an id the primary', () => {
    const { says, accepts } = device();
    expect(says(1, 5n)).toEqual(['1 primary 5']);
    expect(accepts(5n)).toBe(true);
    expect(accepts(4n)).toBe(false);
  });

  it('takes {0, 0} as an id, which is not the same as none', () => {
    const { says, accepts } = device();
    expect(says(1, null)).toEqual(['1 noPrimary unset']);
    expect(says(2, 0n)).toEqual(['1 backup 0', '2 primary 0']);
    expect(accepts(0n)).toBe(true);
    expect(accepts(null)).toBe(false);
  });

  it('ends the stream for an unknown device with NOT_FOUND', () => {
    expect(device().says(1, 5n, { deviceId: 2n })).toEqual(['1 ended NOT_FOUND']);
    expect(device().says(1, 5n, { deviceId: 0n })).toEqual(['1 ended NOT_FOUND']);
  });

  it('ends the stream for an id that a live client has with INVALID_ARGUMENT', () => {
    const { says, isPrimary: primary } = device();
    says(1, 5n);
    expect(says(2, 5n)).toEqual(['2 ended INVALID_ARGUMENT']);
    expect(primary(1)).toBe(true);
  });

  it('lets two clients have no id at all', () => {
    const { says } = device();
    says(1, null);
    expect(says(2, null)).toEqual(['2 noPrimary unset']);
  });

  it('ends the stream for a role.config that is wrong with INVALID_ARGUMENT', () => {
    const { says } = device();
    expect(says(1, 5n, { role: 'a', config: WRONG })).toEqual(['1 ended INVALID_ARGUMENT']);
    const whole = roleConfig({ exclusive: [1] });
    expect(says(1, 5n, { config: whole })).toEqual(['1 ended INVALID_ARGUMENT']);
  });

  it('ends the stream for an object that another live role has', () => {
    const { says, leaves } = device();
    says(1, 5n, { role: 'a', config: roleConfig({ exclusive: [1], shared: [2] }) });
    for (const taken of [{ exclusive: [1] }, { shared: [1] }, { exclusive: [2] }]) {
      const config = roleConfig(taken);
      expect(says(2, 5n, { role: 'b', config })).toEqual(['2 ended INVALID_ARGUMENT']);
    }
    const both = roleConfig({ shared: [2], readOnly: [1] });
    expect(says(2, 5n, { role: 'b', config: both })).toEqual(['2 primary 5']);
    leaves(1);
    const free = roleConfig({ exclusive: [1] });
    expect(says(2, 5n, { role: 'b', config: free })).toEqual(['2 primary 5']);
  });

  it('keeps the config of the last primary, not a backup’s', () => {
    const { says, scope } = device();
    says(1, 5n, { role: 'a', config: roleConfig({ exclusive: [1] }) });
    says(2, 4n, { role: 'a', config: roleConfig({ exclusive: [7] }) });
    expect([...(scope('a')?.exclusive ?? [])]).toEqual([1]);
    says(1, 5n, { role: 'a' });
    expect(scope('a')).toBeNull();
  });

  it('ends one stream too many with RESOURCE_EXHAUSTED', () => {
    const { says, leaves } = device();
    for (const client of [1, 2, 3, 4]) says(client, BigInt(client));
    expect(says(5, 5n)).toEqual(['5 ended RESOURCE_EXHAUSTED']);
    leaves(1);
    expect(says(5, 5n)).toContain('5 primary 5');
  });

  it('ends a stream that would make one role too many', () => {
    const { says } = device();
    for (const role of ['', 'a', 'b']) says(role.length + role.charCodeAt(0) || 1, 1n, { role });
    expect(says(9, 1n, { role: 'c' })).toEqual(['9 ended RESOURCE_EXHAUSTED']);
  });
});

describe('a further message on a stream (case 2)', () => {
  it('may not change the device or the role: FAILED_PRECONDITION', () => {
    const { says } = device();
    says(1, 5n);
    expect(says(1, 5n, { deviceId: 2n })).toEqual(['1 ended FAILED_PRECONDITION']);
    expect(says(1, 5n, { role: 'other' })).toEqual(['1 ended FAILED_PRECONDITION']);
  });

  it('may not take another live client’s id: INVALID_ARGUMENT', () => {
    const { says } = device();
    says(1, 5n);
    says(2, 4n);
    expect(says(2, 5n)).toEqual(['2 ended INVALID_ARGUMENT']);
  });

  it('with the primary’s own id changes nothing, and tells all', () => {
    const { says } = device();
    says(1, 5n);
    says(2, 4n);
    expect(says(1, 5n)).toEqual(['2 backup 5', '1 primary 5']);
  });

  it('lets a backup take over; the others hear before the new primary', () => {
    const { says, accepts } = device();
    says(1, 5n);
    says(2, 4n);
    says(3, 3n);
    expect(says(2, 6n)).toEqual(['1 backup 6', '3 backup 6', '2 primary 6']);
    expect(accepts(5n)).toBe(false);
    expect(accepts(6n)).toBe(true);
  });

  it('lets a backup change its id below the highest, and tells only that client', () => {
    const { says } = device();
    says(1, 5n);
    says(2, 3n);
    expect(says(2, 4n)).toEqual(['2 backup 5']);
    expect(says(2, null)).toEqual(['2 backup 5']);
  });

  it('lets the primary step down, after which there is none', () => {
    const { says, accepts } = device();
    says(1, 5n);
    says(2, 4n);
    expect(says(1, 3n)).toEqual(['1 noPrimary 5', '2 noPrimary 5']);
    expect(accepts(3n)).toBe(false);
    expect(accepts(5n)).toBe(false);
  });
});

describe('the highest id ever received', () => {
  it('outlives its client: a lower id does not become primary', () => {
    const { says, leaves } = device();
    says(1, 5n);
    says(2, 4n);
    expect(leaves(1)).toEqual(['2 noPrimary 5']);
    expect(says(2, 4n)).toEqual(['2 noPrimary 5']);
    expect(says(3, 3n)).toEqual(['3 noPrimary 5']);
  });

  it('may be given again once its client has gone', () => {
    const { says, leaves } = device();
    says(1, 5n);
    leaves(1);
    expect(says(2, 5n)).toEqual(['2 primary 5']);
  });

  it('is compared over all 128 bits', () => {
    const { says } = device();
    says(1, 1n << 64n);
    expect(says(2, (1n << 64n) - 1n)).toEqual([`2 backup ${1n << 64n}`]);
  });
});

describe('a stream that ends', () => {
  it('of a backup or of a client that never introduced itself is nobody’s business', () => {
    const { says, leaves } = device();
    says(1, 5n);
    says(2, 4n);
    expect(leaves(2)).toEqual([]);
    expect(leaves(7)).toEqual([]);
  });
});

describe('roles', () => {
  it('have their own primaries and ids', () => {
    const { says, accepts } = device();
    expect(says(1, 5n)).toEqual(['1 primary 5']);
    expect(says(2, 5n, { role: 'a' })).toEqual(['2 primary 5']);
    expect(says(3, 6n, { role: 'a' })).toEqual(['2 backup 6', '3 primary 6']);
    expect(accepts(5n)).toBe(true);
    expect(accepts(5n, 'a')).toBe(false);
    expect(accepts(6n, 'a')).toBe(true);
  });
});

describe('a new primary while Writes of the role are under way', () => {
  const isWriting = true;
  const handover = () => {
    const all = device();
    all.says(1, 5n);
    expect(all.says(2, 6n, { isWriting })).toEqual(['1 backup 6']);
    return all;
  };

  it('is told, and accepted, when they have ended; the old one is accepted no more', () => {
    const { accepts, isPrimary, written } = handover();
    expect([accepts(5n), accepts(6n), isPrimary(1), isPrimary(2)]).toEqual(Array(4).fill(false));
    expect(written('a')).toEqual([]);
    expect(written()).toEqual(['2 primary 6']);
    expect([accepts(5n), accepts(6n), isPrimary(1), isPrimary(2)]).toEqual([
      false,
      true,
      false,
      true,
    ]);
    expect(written()).toEqual([]);
  });

  it('waits too when the old one has gone, or comes back under the same id', () => {
    const { says, leaves, written } = device();
    says(1, 5n);
    leaves(1);
    expect(says(2, 5n, { isWriting })).toEqual([]);
    expect(written()).toEqual(['2 primary 5']);
  });

  it('is not told when it has gone meanwhile', () => {
    const { leaves, written, accepts } = handover();
    expect(leaves(2)).toEqual(['1 noPrimary 6']);
    expect(written()).toEqual([]);
    expect(accepts(5n)).toBe(false);
  });

  it('is not told when a third has become it: that one is', () => {
    const { says, written, accepts } = handover();
    expect(says(3, 7n, { isWriting })).toEqual(['1 backup 7', '2 backup 7']);
    expect(written()).toEqual(['3 primary 7']);
    expect([accepts(6n), accepts(7n)]).toEqual([false, true]);
  });

  it('does not wait when it steps down, nor does who comes after the end', () => {
    const { says, written } = handover();
    expect(says(2, 1n, { isWriting })).toEqual(['1 noPrimary 6', '2 noPrimary 6']);
    expect(written()).toEqual([]);
    expect(says(3, 7n)).toEqual(['1 backup 7', '2 backup 7', '3 primary 7']);
  });

  it('waits on when it says its id again, and the primary never waits for its own', () => {
    const { says, written } = handover();
    expect(says(2, 7n, { isWriting })).toEqual(['1 backup 7']);
    expect(written()).toEqual(['2 primary 7']);
    expect(says(2, 8n, { isWriting })).toEqual(['1 backup 8', '2 primary 8']);
  });
});

describe('any conversation', () => {
  const input = fc.oneof(
    fc.record({
      kind: fc.constant('update' as const),
      client: fc.integer({ min: 1, max: 5 }),
      electionId: fc.option(fc.bigInt({ min: 0n, max: 4n })),
      role: fc.constantFrom('', 'a'),
      deviceId: fc.constantFrom(1n, 1n, 1n, 2n),
      config: fc.constantFrom(done(null), done(null), WRONG, roleConfig({ exclusive: [1] })),
      isWriting: fc.boolean(),
    }),
    fc.record({ kind: fc.constant('written' as const), role: fc.constantFrom('', 'a') }),
    fc.record({
      kind: fc.constant('disconnected' as const),
      client: fc.integer({ min: 1, max: 5 }),
    }),
  );

  it('keeps ids unique among live clients, the highest monotonic, the primary its holder', () => {
    fc.assert(
      fc.property(fc.array(input, { maxLength: 40 }), (inputs) => {
        let state: ArbitrationState = NO_CLIENTS;
        for (const next of inputs) {
          const before = state;
          const { state: after, effects } = arbitrate(state, LIMITS, next);
          state = after;
          for (const [name, role] of after.roles) {
            const ids = [...role.clients.values()].filter((id) => id !== null);
            expect(new Set(ids).size).toBe(ids.length);
            const old = before.roles.get(name)?.highest ?? null;
            if (old !== null) expect(role.highest ?? -1n).toBeGreaterThanOrEqual(old);
            for (const id of ids) expect(id).toBeLessThanOrEqual(role.highest ?? -1n);
            if (role.primary !== null) {
              expect(role.clients.get(role.primary)).toBe(role.highest);
            }
          }
          expect(primaries(after).length).toBeLessThanOrEqual(after.roles.size);
          if (effects.some(({ kind }) => kind === 'terminate')) expect(after).toBe(before);
          const told = effects.filter((e) => e.kind === 'notify' && e.standing === 'primary');
          expect(told.length).toBeLessThanOrEqual(1);
        }
      }),
    );
  });
});
