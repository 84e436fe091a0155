/** What the load experiments tell the agent is what the agent understands. */
import { describe, expect, it } from 'vitest';
import { boundaryConfig } from '#lab/load/answer-servers';
import { GUARDS, stormAgentConfig, type StormConfig } from '#lab/load/storm';
import { agentFile } from '#lab/load/switch-under-load';
import { parseConfig } from '#runtime/config';

const namespace = {
  label: 'here',
  pid: 0,
  inside: (argv: readonly string[]) => [...argv],
  close: () => Promise.resolve(),
};

const STORM: StormConfig = {
  ...{ kinds: ['sync'], guard: 'none', stations: 1, seconds: 1, rounds: 1 },
  ...{ syncsPerSecond: 1, stormRate: 0, transport: 'L2', step: 'one' },
};

describe('the agent', () => {
  it('understands the boundary port that answers the crowd', () => {
    const end = { namespace, name: 's0', mac: '02:74:70:00:20:02', ipv4: '198.19.255.254/15' };
    const parsed = parseConfig('lab.yaml', agentFile(boundaryConfig(end)));
    expect(parsed).toMatchObject({ ok: true });
  });

  it.each(GUARDS)('understands the storm’s port with guard %s', (guard) => {
    for (const step of ['one', 'two'] as const) {
      const text = agentFile(stormAgentConfig({ ...STORM, guard, step }));
      expect(parseConfig('lab.yaml', text)).toMatchObject({ ok: true });
    }
  });
});
