/** timeplane's Python module in Mininet: switches that are PTP clocks, with ptp4l on the hosts. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { projectRoot } from '#lab/peers/helpers';
import { extendPath, hasProgram } from '#lab/namespaces/sandbox';

const MODULE = join(projectRoot(), 'lab', 'mininet', 'timeplane_mininet.py');

/** Why it cannot run here; empty where it can. */
function obstacle(): string {
  extendPath();
  const missing = ['mn', 'mnexec', 'ptp4l', 'ethtool'].filter((name) => !hasProgram(name));
  if (missing.length > 0) return `${missing.join(', ')} not installed`;
  if (process.getuid?.() !== 0) return 'Mininet wants root';
  return spawnSync('unshare', ['--net', 'true']).status === 0 ? '' : 'no network namespaces';
}

/** Mininet's own interpreter. */
function python(): string {
  const mn = (process.env['PATH'] ?? '').split(':').map((directory) => join(directory, 'mn'));
  for (const file of mn) {
    try {
      return /^#!\s*(\S+)/.exec(readFileSync(file, 'utf8'))?.[1] ?? 'python3';
    } catch {
      continue;
    }
  }
  return 'python3';
}

const reason = obstacle();

describe.skipIf(reason !== '')(`Mininet${reason === '' ? '' : ` (${reason})`}`, () => {
  let directory = '';
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'mininet-'));
  });
  afterAll(() => rmSync(directory, { recursive: true }));

  /** In a namespace of its own, so that what Mininet sets of the network is gone with it. */
  async function inside(
    argv: readonly string[],
    script = '',
  ): Promise<{ code: number; said: string }> {
    const command = ['--net', 'sh', '-c', 'ip link set lo up && exec "$@"', 'sh', ...argv];
    const child = spawn('unshare', command, {
      env: { ...process.env, TMPDIR: directory, NO_COLOR: '1', PYTHONDONTWRITEBYTECODE: '1' },
    });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (said += text));
    }
    child.stdin.end(script);
    const [code] = (await once(child, 'close')) as [number | null];
    return { code: code ?? 1, said };
  }

  const mn = (topo: string, test: string) =>
    inside([
      ...['mn', '--custom', MODULE, '--controller', 'none'],
      ...['--topo', topo, '--switch', 'timeplane', '--test', test],
    ]);

  const run = (...lines: string[]) =>
    inside(
      [python(), '-'],
      ['import sys', `sys.path.insert(0, ${JSON.stringify(join(MODULE, '..'))})`, ...lines].join(
        '\n',
      ),
    );

  /** Offsets and their median of each client, as `--test ptp` prints them. */
  function clients(said: string): { name: string; offsets: number; medianNs: number }[] {
    return [...said.matchAll(/^(\S+) +(\d+) +(-?\d+) ns +-?\d+ ns +-?\d+ ns$/gm)].map(
      ([, name = '', offsets = '', median = '']) => ({
        name,
        offsets: Number(offsets),
        medianNs: Number(median),
      }),
    );
  }

  const left = () => readdirSync(directory);

  it('measures with ptp4l across transparent clocks, and leaves nothing behind', async () => {
    const { code, said } = await mn('timeplane,chain,2,mode=transparent', 'pingall+ptp,10');
    expect(said).toContain('0% dropped (2/2 received)');
    expect(clients(said), said).toMatchObject([{ name: 'client' }]);
    expect(said).toMatch(/^Fidelity: (good|doubtful|unfit); timers late by/m);
    expect(said).not.toContain('was not watched long enough');
    const [client] = clients(said);
    expect(client?.offsets).toBeGreaterThanOrEqual(3);
    // A bridge in user space holds frames for milliseconds on a busy machine: they are corrected.
    expect(Math.abs(client?.medianNs ?? Infinity)).toBeLessThan(200_000);
    expect(code).toBe(0);
    expect(left()).toEqual([]);
  });

  it('says what a switch counts, and which description it is made of', async () => {
    const { said } = await run(
      'from mininet.net import Mininet',
      'from timeplane_mininet import TimeplaneSwitch, TimeplaneTopo, measure',
      "net = Mininet(topo=TimeplaneTopo('chain', 1, mode='boundary'), switch=TimeplaneSwitch, controller=None)",
      'net.start()',
      'found = measure(net, seconds=11)',
      'import json',
      "ports = json.loads(net['switch-1'].show('ports', '--json'))",
      "print('FOUND', json.dumps({'clients': list(found), 'count': len(found['client']), 'ports': ports}))",
      "print('INTERFACES', [str(intf) for intf in net['switch-1'].intfList()])",
      'net.stop()',
    );
    const found = /^FOUND (.*)$/m.exec(said)?.[1] ?? 'null';
    expect(JSON.parse(found), said).toMatchObject({ clients: ['client'] });
    expect((JSON.parse(found) as { count: number }).count).toBeGreaterThanOrEqual(2);
    expect(found).toContain('boundary');
    expect(said).toContain("INTERFACES ['switch-1-p1', 'switch-1-p2']");
    expect(left()).toEqual([]);
  });

  it('keeps ports apart where a network has loops, and shortens long names', async () => {
    const { said } = await run(
      'from timeplane_mininet import TimeplaneTopo, interface_name',
      "topo = TimeplaneTopo('clos', 1, 2, 2, 1)",
      "print(topo.nodeInfo('spine-1')['isolated'], TimeplaneTopo('chain', 1).nodeInfo('switch-1')['isolated'])",
      'names = [info[key] for _, _, info in topo.links(withInfo=True) for key in ("intfName1", "intfName2") if key in info]',
      'print(interface_name("super-spine-1", 12), interface_name("super-spine-2", 12))',
    );
    expect(said).toContain('True False');
    const [one = '', other = ''] = said.trim().split('\n').at(-1)?.split(' ') ?? [];
    expect(one).toMatch(/^super-[0-9a-f]{4}-p12$|^super-s[0-9a-f]{4}-p12$/);
    expect(one.length).toBeLessThanOrEqual(15);
    expect(other).not.toBe(one);
  });

  it.each([
    ["TimeplaneTopo('cube')", 'no shape "cube"'],
    ["TimeplaneTopo('none.yaml')", 'none.yaml: no such file or directory'],
    ["TimeplaneTopo('ring', 3, mode='transparent')", 'ring has loops'],
    ["TimeplaneSwitch('s1', mode='hub')", 's1: mode hub; there are transparent'],
  ])('%s is refused: %s', async (expression, message) => {
    const { said } = await run(
      'from timeplane_mininet import TimeplaneError, TimeplaneSwitch, TimeplaneTopo',
      'try:',
      `    ${expression}`,
      'except TimeplaneError as error:',
      '    print("REFUSED", error)',
    );
    expect(said).toMatch(/^REFUSED/m);
    expect(said).toContain(message);
  });

  it('says what a switch died of', async () => {
    const { said } = await run(
      'from mininet.net import Mininet',
      'from timeplane_mininet import TimeplaneError, TimeplaneSwitch, TimeplaneTopo',
      "switch = lambda name, **more: TimeplaneSwitch(name, arguments='--queue 9:rate=1', **more)",
      "net = Mininet(topo=TimeplaneTopo('chain', 1), switch=switch, controller=None, build=True)",
      'try:',
      '    for one in net.switches: one.start()',
      '    for one in net.switches: one.ready()',
      'except TimeplaneError as error:',
      '    print("REFUSED", error)',
      'net.stop()',
    );
    expect(said).toMatch(/^REFUSED switch-1: its switch did not get ready: .+/m);
    expect(left()).toEqual([]);
  });
});
