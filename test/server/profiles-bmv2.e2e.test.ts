/**
 * The same conversation about members with simple_switch_grpc. Not those about groups: the one that
 * these tests were written with ends, with an exception, when a frame meets its first group.
 */
import { describe } from 'vitest';
import { bmv2Note, bmv2Switch } from './bmv2.js';
import { memberConversation } from './profiles-conversation.js';
import { PROFILES_CONFIG } from './profiles-fixture.js';

const profiled = bmv2Switch(PROFILES_CONFIG);

describe.skipIf(bmv2Note !== '')(`members on simple_switch_grpc${bmv2Note}`, () => {
  memberConversation(profiled, 'INVALID_ARGUMENT');
});
