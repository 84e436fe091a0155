/** The same conversations about meters with simple_switch_grpc. */
import { describe } from 'vitest';
import { bmv2Note, bmv2Switch } from './bmv2.js';
import { arrayConversation, directConversation } from './meters-conversation.js';
import { METERS_CONFIG } from './meters-fixture.js';

const metered = bmv2Switch(METERS_CONFIG);

describe.skipIf(bmv2Note !== '')(`a meter array on simple_switch_grpc${bmv2Note}`, () => {
  arrayConversation(metered);
});

describe.skipIf(bmv2Note !== '')(`a direct meter on simple_switch_grpc${bmv2Note}`, () => {
  directConversation(metered, {
    metersOutliveEntries: true,
    missingEntry: 'INVALID_ARGUMENT',
  });
});
