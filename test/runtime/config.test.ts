import { describe, expect, it } from 'vitest';
import { formatConfigError } from '#runtime/config-error';
import { loadConfig, parseConfig } from '#runtime/config';
import type { SwitchSettings } from '#dataplane/settings';
import { macBits, vlanId } from '#units/identity';
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

/** With one line more for the first port. */
function withPort(line: string): string {
  return MINIMAL.replace('    ptp: transparent\n', `    ptp: transparent\n    ${line}\n`);
}

function settingsOf(text: string, hostId = ''): SwitchSettings {
  const result = parseConfig('agent.yaml', text, hostId);
  if (!result.ok) throw new Error(result.errors.map(formatConfigError).join('\n'));
  return result.value.settings;
}

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
      tls: null,
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

describe('a switch on another machine', () => {
  const files = 'ca: /a/ca.pem, certificate: /a/agent.pem, key: /a/agent.key';
  const remote = MINIMAL.replace('127.0.0.1:9559"', '192.0.2.1:9559"');
  const wrongs = (text: string): string => {
    const result = parseConfig('agent.yaml', text);
    return result.ok ? '' : result.errors.map(formatConfigError).join('\n');
  };

  it('is driven with TLS', () => {
    const result = parseConfig('agent.yaml', remote.replace('9559"', `9559", tls: { ${files} }`));
    expect(result).toMatchObject({
      value: {
        target: { tls: { ca: '/a/ca.pem', certificate: '/a/agent.pem', key: '/a/agent.key' } },
      },
    });
  });

  it('is not driven without', () => {
    expect(wrongs(remote)).toMatch(
      /target\.address: .*expected a loopback address, or target\.tls/,
    );
  });

  it('needs all three files, by absolute paths', () => {
    const some = remote.replace('9559"', '9559", tls: { ca: /a/ca.pem, certificate: agent.pem }');
    expect(wrongs(some)).toMatch(/target\.tls\.key/);
    expect(wrongs(some)).toMatch(/target\.tls\.certificate: .*absolute path/);
  });
});

describe('peer delay', () => {
  const enabled = (text: string) => settingsOf(text).ports[0]?.peerDelay.enabled;

  it('is on where the port, or an instance of it, is peer-to-peer, unless told otherwise', () => {
    expect(enabled(MINIMAL)).toBe(false);
    expect(enabled(MINIMAL.replace('transparent', 'transparentP2P'))).toBe(true);
    expect(enabled(withPort('instances: [{ domainNumber: 1, ptp: transparentP2P }]'))).toBe(true);
    expect(enabled(withPort('peerDelay: { enabled: true }'))).toBe(true);
    const off = withPort('peerDelay: { enabled: false }');
    expect(enabled(off.replace('transparent', 'transparentP2P'))).toBe(false);
  });
});

describe('identities that are not given', () => {
  const identity = (text: string, hostId = 'a') => settingsOf(text, hostId).clock.identity;

  it('stay the same from start to start', () => {
    expect(identity(MINIMAL)).toBe(identity(MINIMAL));
    expect(identity(MINIMAL)).toBe(identity(withPort('step: two')));
  });

  it('differ by host, switch and port, and are locally administered', () => {
    const other = MINIMAL.replace('9559"', '9559", deviceId: 2');
    const identities = [identity(MINIMAL), identity(MINIMAL, 'b'), identity(other)];
    expect(new Set(identities).size).toBe(3);
    const macs = settingsOf(MINIMAL).ports.map(({ address }) => macBits(address.mac));
    expect(new Set(macs).size).toBe(2);
    for (const mac of macs) expect(mac >> 40n).toBe(0x02n);
    for (const one of identities) expect((one >> 24n) & 0xffffn).toBe(0xfffen);
  });

  it('come from a MAC address where one is given', () => {
    expect(identity(withPort('address: { mac: "02:11:22:33:44:55" }'))).toBe(
      0x0211_22ff_fe33_4455n,
    );
  });

  it.each(['00:11:22:ff:fe:33:44:55', '001122fffe334455', '001122.fffe.334455'])(
    'can be given as %s',
    (text) => {
      expect(identity(`${MINIMAL}clock: { identity: "${text}" }\n`)).toBe(0x0011_22ff_fe33_4455n);
    },
  );
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
      'agent.yaml:4:5: ports[0].nmae: found the unknown key "nmae", expected one of number, name, ptp, step, ptpPriority, instances, timing, peerDelay, address, acceptMasters, marking, puntLimit, delayResponder, boundary, vlan (did you mean "name"?)',
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
      'a clock identity that is none',
      `${MINIMAL}clock: { identity: "00:11" }\n`,
      'agent.yaml:10:20: clock.identity: found "00:11", expected a clock identity such as "00:11:22:ff:fe:33:44:55", or "auto"',
    ],
    [
      'a mapping that could be none',
      `${MINIMAL}syntonize: 5\n`,
      'agent.yaml:10:12: syntonize: found 5, expected "none" or a mapping',
    ],
    [
      'an unknown key in a mapping that could be none',
      `${MINIMAL}syntonize: { domain: 5 }\n`,
      'agent.yaml:10:14: syntonize.domain: found the unknown key "domain", expected one of domainNumber, sdoId',
    ],
    [
      'a sampling that is no power of two',
      `${MINIMAL}ledger: { sampleEvery: 100 }\n`,
      'agent.yaml:10:24: ledger.sampleEvery: found 100, expected 0 or a power of two up to 65536',
    ],
    [
      'a socket in some folder',
      `${MINIMAL}management: { socket: ptp }\n`,
      'agent.yaml:10:23: management.socket: found "ptp", expected an absolute path of at most 107 octets, or "none"',
    ],
    [
      'an unknown key in what has a default of its own',
      withPort('peerDelay: { enable: true }'),
      'agent.yaml:6:18: ports[0].peerDelay.enable: found the unknown key "enable", expected one of enabled, transport, logInterval, responder, convention, neighborPropDelayThreshNs, allowedLostResponses, filterLength (did you mean "enabled"?)',
    ],
    [
      'a word that is nearly right, deep inside',
      withPort('peerDelay: { convention: ieee802.1as }'),
      'agent.yaml:6:30: ports[0].peerDelay.convention: found "ieee802.1as", expected "ieee1588" or "ieee8021as" (did you mean "ieee8021as"?)',
    ],
    [
      'a group for a station',
      withPort('address: { mac: "01:1b:19:00:00:00" }'),
      'agent.yaml:6:21: ports[0].address.mac: found "01:1b:19:00:00:00", expected a station\'s MAC address such as "02:00:00:00:00:01", or "auto"',
    ],
    [
      'a master without its port',
      withPort('acceptMasters: ["001122fffe334455"]'),
      'agent.yaml:6:21: ports[0].acceptMasters[0]: found "001122fffe334455", expected a port identity such as "001122fffe334455-1"',
    ],
    [
      'a mark that does not fit',
      withPort('marking: { dscp: 64 }'),
      'agent.yaml:6:22: ports[0].marking.dscp: found 64, expected an integer from 0 to 63, or "none"',
    ],
    [
      'answers where nobody may ask',
      withPort('delayResponder: { logMinDelayReqInterval: 0 }'),
      'agent.yaml:6:21: ports[0].delayResponder: found a mapping, expected none: Delay_Req is answered where ptp is "boundary", for the port or an instance',
    ],
    [
      'an instance twice',
      withPort(
        'instances: [{ domainNumber: 1, ptp: off }, { domainNumber: 1, sdoId: 0, ptp: off }]',
      ),
      'agent.yaml:6:64: ports[0].instances[1].domainNumber: found 1, expected each instance once (instances[0] is this one)',
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
      /^\/nonexistent\/agent\.yaml:1:1: found no such file or directory, expected a readable file$/,
    );
  });
});
