/** Chapters 3 and 7: the service, and the pipeline config's cookie. */
import { equals } from '@bufbuild/protobuf';
import { P4InfoSchema } from '#protos/p4/config/v1/p4info_pb';
import { SetForwardingPipelineConfigRequest_Action as Action } from '#protos/p4/v1/p4runtime_pb';
import { answers, holds, same, section, type Clause } from './clause.js';
import { configOf, exactly, p4info } from './program.js';

export const SERVICE: readonly Clause[] = [
  ...section('3.5', 'P4Runtime State Across Restarts', [
    'a server that has just started has no pipeline and no primary',
    async ({ controller }) => {
      const one = controller(1n);
      same('GetForwardingPipelineConfig', await one.gets(), undefined);
      await answers('a write of an id of 1', one.inserts(exactly(1, 1)), 'PERMISSION_DENIED');
    },
  ]),
  ...section(
    '7',
    'P4 Forwarding-Pipeline Configuration',
    [
      'a cookie that was set comes back',
      async ({ controller }) => {
        const one = await controller().becomesPrimary();
        await answers('the commit', one.sets(Action.VERIFY_AND_COMMIT, configOf(7n)), 'OK');
        const got = await one.gets();
        const cookie = typeof got === 'object' && !Array.isArray(got) ? got.cookie : undefined;
        same('the cookie', cookie?.cookie, 7n);
      },
    ],
    [
      'a cookie of 0 is not the same as none',
      async ({ controller }) => {
        const one = await controller().becomesPrimary();
        const cookie = async (): Promise<boolean> => {
          const got = await one.gets();
          return typeof got === 'object' && !Array.isArray(got) && got.cookie !== undefined;
        };
        await answers('the commit', one.commits(configOf(0n)), 'OK');
        same('a cookie, after one of 0', await cookie(), true);
        await answers('the commit', one.commits(configOf()), 'OK');
        same('a cookie, after none', await cookie(), false);
      },
    ],
    [
      'the P4Info comes back as it was set',
      async ({ ready }) => {
        const got = await (await ready()).gets();
        const info = typeof got === 'object' && !Array.isArray(got) ? got.p4info : undefined;
        same('the tables', info?.tables.length, p4info().tables.length);
        holds(
          'the P4Info is another one',
          info !== undefined && equals(P4InfoSchema, info, p4info()),
        );
      },
    ],
  ),
];
