/** Every example is a configuration that the agent takes, on every target. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { PTP_MODE } from '#dataplane/program';
import { TARGETS } from '#p4rt/targets/targets';
import { loadPipeline } from '#runtime/artefacts';
import { formatConfigError } from '#runtime/config-error';
import { loadConfig, type AgentConfig } from '#runtime/config';
import { AGENT_SCHEMA, type AgentFile } from '#runtime/config-schema';
import { makePlan } from '#runtime/plan';
import { packageRoot } from '#runtime/version';

const FOLDER = join(packageRoot(), 'docs', 'examples');
const EXAMPLES = readdirSync(FOLDER).filter((name) => name.endsWith('.yaml'));

async function configOf(name: string): Promise<AgentConfig> {
  const config = await loadConfig(join(FOLDER, name));
  if (!config.ok) throw new Error(config.errors.map(formatConfigError).join('\n'));
  return config.value;
}

describe.each(EXAMPLES)('the example %s', (name) => {
  it.each(Object.values(TARGETS))('is taken for the target $kind', async (target) => {
    const pipeline = await loadPipeline(target.capabilities.pipelineArtefact);
    if (!pipeline.ok) throw new Error(pipeline.error.message);
    const plan = makePlan(await configOf(name), target, pipeline.value);
    expect(plan).toMatchObject({ ok: true });
  });
});

describe('the example agent.yaml', () => {
  /** `ports[0].vlan.native`, for each value that is no mapping. */
  function leaves(value: unknown, path: string): string[] {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
    return Object.entries(value).flatMap(([key, inner]) => leaves(inner, `${path}.${key}`));
  }

  it('has every key that there is', () => {
    const given = parse(readFileSync(join(FOLDER, 'agent.yaml'), 'utf8')) as AgentFile;
    const known = AGENT_SCHEMA.parse({ ...given, ports: [] });
    expect(leaves({ ...given, ports: [] }, '').sort()).toEqual(leaves(known, '').sort());
    const [first] = given.ports;
    const port = AGENT_SCHEMA.parse({ ...given, ports: [first] }).ports[0];
    const optional = '.delayResponder';
    const without = (paths: string[]) => paths.filter((path) => path !== optional).sort();
    expect(without(leaves(first, ''))).toEqual(without(leaves(port, '')));
    expect(first).toHaveProperty('delayResponder');
  });
});

describe('the examples together', () => {
  const ports = async () =>
    (await Promise.all(EXAMPLES.map(configOf))).flatMap(({ settings }) => settings.ports);

  it('show every PTP mode', async () => {
    const modes = (await ports()).flatMap(({ ptp, instances }) => [
      ptp,
      ...instances.map((instance) => instance.ptp),
    ]);
    expect([...new Set(modes)].sort()).toEqual(Object.keys(PTP_MODE).sort());
  });

  it.each([
    ['two-step', ({ step }) => step === 'two'],
    ['answers to Pdelay_Req, one-step', ({ peerDelay: p }) => p.enabled && p.responder === 'one'],
    ['answers to Pdelay_Req, two-step', ({ peerDelay: p }) => p.enabled && p.responder === 'two'],
    ['802.1AS', ({ peerDelay }) => peerDelay.convention === 'ieee8021as'],
    ['a delay responder', ({ delayResponder }) => delayResponder !== null],
    ['accepted masters', ({ acceptMasters }) => acceptMasters.length > 0],
    ['marks', ({ marking }) => marking.pcp !== null && marking.dscp !== null],
    ['a limit towards the agent', ({ puntLimit }) => puntLimit.perSecond !== 256],
    ['addresses of its own', ({ address }) => address.ipv4 !== 0n],
  ] as [string, (port: AgentConfig['settings']['ports'][number]) => boolean][])(
    'show a port with %s',
    async (_what, shows) => {
      expect((await ports()).some(shows)).toBe(true);
    },
  );
});
