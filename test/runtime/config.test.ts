import { describe, expect, it } from 'vitest';
import { formatConfigError } from '#runtime/config-error';
import { loadConfig, parseConfig } from '#runtime/config';
import { vlanId } from '#units/identity';
import { nsOf } from '#units/time';

const EXAMPLE = new URL('../../docs/examples/agent.yaml', import.meta.url).pathname;

const MINIMAL = `target: { kind: native, address: "127.0.0.1:9559" }
ports:
  - number: 1
    name: gm
    ptp: transparent
  - number: 2
    name: client
    ptp: off
    vlan: { native: none, tagged: [10] }
`;

function errorsOf(text: string): string[] {
  const result = parseConfig('agent.yaml', text);
  if (result.ok) throw new Error('no error');
  return result.errors.map(formatConfigError);
}

describe('the configuration', () => {
  it('of the example is good', async () => {
    const result = await loadConfig(EXAMPLE);
    expect(result).toMatchObject({ ok: true, value: { target: { kind: 'native' } } });
  });

  it('needs only a target and ports', () => {
    const result = parseConfig('agent.yaml', MINIMAL);
    if (!result.ok) throw new Error(result.errors.map(formatConfigError).join('\n'));
    const { target, status, macTable, settings } = result.value;
    expect(target).toEqual({
      kind: 'native',
      address: '127.0.0.1:9559',
      deviceId: 1n,
      electionId: 1n,
    });
    expect(status).toEqual({ host: '127.0.0.1', port: 9561 });
    expect(nsOf(macTable.aging)).toBe(300_000_000_000n);
    expect(settings.ports).toMatchObject([
      { name: 'gm', ptp: 'transparent', ptpPriority: 0, nativeVlan: vlanId(1) },
      { name: 'client', ptp: 'off', nativeVlan: null },
    ]);
    expect(settings.malformed.truncated).toBe('drop');
  });
});

describe('an error names file, line, column, key, what was found and what was expected', () => {
  it.each([
    [
      'a misspelt choice',
      MINIMAL.replace('ptp: transparent', 'ptp: transparant'),
      'agent.yaml:5:10: ports[0].ptp: found "transparant", expected "off" or "transparent" or "blocked" or "transparentP2P" or "boundary" (did you mean "transparent"?)',
    ],
    [
      'a number that is too large',
      MINIMAL.replace('number: 2', 'number: 510'),
      'agent.yaml:6:13: ports[1].number: found 510, expected an integer from 1 to 509',
    ],
    [
      'a missing key, at what it is missing from',
      MINIMAL.replace('    name: gm\n', ''),
      'agent.yaml:3:5: ports[0].name: found nothing, expected a name of 1 to 32 letters, digits, ".", "_" or "-"',
    ],
    [
      'an unknown key with what was meant',
      MINIMAL.replace('    name: gm', '    nmae: gm\n    name: gm'),
      'agent.yaml:4:5: ports[0].nmae: found the unknown key "nmae", expected one of number, name, ptp, step, ptpPriority, instances, timing, peerDelay, address, acceptMasters, marking, puntLimit, delayResponder, vlan (did you mean "name"?)',
    ],
    [
      'an unknown key deep inside',
      MINIMAL.replace('{ native: none,', '{ natve: 1,'),
      'agent.yaml:9:13: ports[1].vlan.natve: found the unknown key "natve", expected one of native, tagged (did you mean "native"?)',
    ],
    [
      'an element of a list',
      MINIMAL.replace('[10]', '[10, 4095]'),
      'agent.yaml:9:40: ports[1].vlan.tagged[1]: found 4095, expected an integer from 1 to 4094',
    ],
    [
      'a status page for the world',
      `${MINIMAL}status: "0.0.0.0:9561"\n`,
      'agent.yaml:10:9: status: found "0.0.0.0:9561", expected a loopback address such as "127.0.0.1:9561"',
    ],
    [
      'a list where a mapping belongs',
      'target: []\nports: []\n',
      'agent.yaml:1:9: target: found a list, expected a mapping',
    ],
    ['an empty file', '', 'agent.yaml:1:1: found nothing, expected a mapping'],
    [
      'two ports of one number',
      MINIMAL.replace('number: 2', 'number: 1'),
      'agent.yaml:6:13: ports[1].number: found 1, expected a number of its own (ports[0] has this one)',
    ],
    [
      'a VLAN that is native and tagged',
      MINIMAL.replace('native: none', 'native: 10'),
      'agent.yaml:9:34: ports[1].vlan.tagged[0]: found 10, expected a VLAN that is not the native one',
    ],
  ])('%s', (_what, text, message) => {
    expect(errorsOf(text)).toEqual([message]);
  });

  it('all of them at once', () => {
    expect(
      errorsOf(MINIMAL.replace('kind: native', 'kind: natvie').replace('number: 1', 'number: x')),
    ).toEqual([
      'agent.yaml:1:17: target.kind: found "natvie", expected "native" or "bmv2" (did you mean "native"?)',
      'agent.yaml:3:13: ports[0].number: found "x", expected an integer from 1 to 509',
    ]);
  });

  it('what is no YAML at all', () => {
    expect(errorsOf('target: {\n')[0]).toMatch(/^agent\.yaml:\d+:\d+: found .+, expected YAML$/);
    expect(errorsOf(`${MINIMAL}ports: []\n`)[0]).toMatch(/agent\.yaml:10:1: found .*unique/);
  });

  it('an alias bomb', () => {
    const bomb = ['a: &a [x,x,x,x,x,x,x,x,x]'];
    for (const [from, to] of ['ab', 'bc', 'cd', 'de', 'ef'].map((pair) => [...pair])) {
      bomb.push(`${to}: &${to} [${Array.from({ length: 9 }, () => `*${from}`).join(',')}]`);
    }
    expect(errorsOf(bomb.join('\n'))[0]).toContain('alias');
  });

  it('a file that is not there', async () => {
    const result = await loadConfig('/nonexistent/agent.yaml');
    if (result.ok) throw new Error('no error');
    expect(result.errors.map(formatConfigError)[0]).toMatch(
      /^\/nonexistent\/agent\.yaml:1:1: found ENOENT.*, expected a readable file$/,
    );
  });
});
