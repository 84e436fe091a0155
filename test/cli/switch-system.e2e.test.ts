/** What `timeplane switch` does to the system, and what it leaves of that. */
import { describe, expect, it } from 'vitest';
import { inNamespace, why, type Outcome } from './switch-in-namespace.js';

const isRoot = process.getuid?.() === 0;

describe.skipIf(why !== '')(`privileges of the switch${why}`, { timeout: 90_000 }, () => {
  it('keeps no capability in any thread when all is open, and takes up its interface all the same', () => {
    const { status, out, err } = inNamespace(`
      ip link add p1 type veth peer name h1; ip link set p1 up; ip link set h1 up
      $SWITCH --listen 127.0.0.1:0 --status 127.0.0.1:9560 --port 1=p1 > out.log 2> err.log &
      untilReady; cat out.log
      ls /proc/$!/task | wc -l
      cat /proc/$!/task/*/status | grep -E '^(CapPrm|CapEff|CapInh|CapAmb|NoNewPrivs)' | sort -u
      ip link del p1; until_in 'the interface is gone' err.log
      ip link add p1 type veth peer name h1; ip link set p1 up; ip link set h1 up
      until_in 'the link is up' err.log
      node -e '
        fetch("http://127.0.0.1:9560/status.json").then((r) => r.json()).then(({ privileges, ports }) =>
          console.log(JSON.stringify({ privileges, linkUp: ports[0].linkUp })));
      '
      kill -TERM %1; wait %1; code=$?; cat err.log >&2; exit $code
    `);
    expect(err).not.toContain('    at ');
    expect(status).toBe(0);
    const none = '0000000000000000';
    const sets = ['Amb', 'Eff', 'Inh', 'Prm'].map((set) => `Cap${set}:\t${none}\n`).join('');
    expect(out).toMatch(/^ready .* privileges=none$/m);
    expect(Number(/^\d+$/m.exec(out)?.[0])).toBeGreaterThan(5); // threads
    expect(out).toContain(`${sets}NoNewPrivs:\t1\n{"privileges":[],"linkUp":true}`);
  });

  const ready = (options: string): Outcome =>
    inNamespace(`
      ip link add p1 type veth peer name h1; ip link set p1 up; ip link set h1 up
      $SWITCH --listen 127.0.0.1:0 ${options} > out.log &
      untilReady; cat out.log; kill -TERM $!; wait $!
    `);

  it('keeps its capabilities if told so', () => {
    const { status, out } = ready('--port 1=p1 --keep-privileges');
    expect(status).toBe(0);
    expect(out).toMatch(/ privileges=\S*net_admin,net_raw/);
  });

  it.skipIf(!isRoot)('keeps those that AF_XDP needs to come back', () => {
    const { status, out } = ready('--port 1=p1,io=xdp');
    expect(status).toBe(0);
    expect(out).toMatch(/ privileges=net_admin,net_raw,bpf$/m);
  });
});

describe.skipIf(why !== '')(`settings of interfaces${why}`, { timeout: 90_000 }, () => {
  const PROLOGUE = `
    export XDG_RUNTIME_DIR=$PWD/run; mkdir run
    ip link add p1 type veth peer name h1; ip link set p1 up; ip link set h1 up
    gro() { echo "$1: $(ethtool -k p1 | grep '^generic-receive-offload') files: $(find run -type f | wc -l)"; }
    start() { $SWITCH --listen 127.0.0.1:0 --port 1=p1 > out.log & untilReady; grep -o 'privileges=.*' out.log; }
    ethtool -K p1 gro on; gro before
  `;

  it('that would merge frames are changed while it runs, and given back', () => {
    const { status, out, err } = inNamespace(`${PROLOGUE}
      start; gro during; kill -TERM $!; wait $!; gro after
    `);
    expect(err).not.toContain('    at ');
    expect(status).toBe(0);
    expect(out.split('\n').slice(0, 4)).toEqual([
      'before: generic-receive-offload: on files: 0',
      'privileges=net_admin',
      'during: generic-receive-offload: off files: 1',
      'after: generic-receive-offload: on files: 0',
    ]);
  });

  it('that a switch could not give back, since it was killed, are given back by the next', () => {
    const { out } = inNamespace(`${PROLOGUE}
      start; kill -KILL $!; wait $! 2> /dev/null; gro killed; rm out.log
      start; gro during; kill -TERM $!; wait $!; gro after
    `);
    expect(out.split('\n').slice(1, 6)).toEqual([
      'privileges=net_admin',
      'killed: generic-receive-offload: off files: 1',
      'privileges=net_admin',
      'during: generic-receive-offload: off files: 1',
      'after: generic-receive-offload: on files: 0',
    ]);
  });

  it('of an interface that took another’s name are its own', () => {
    const { out } = inNamespace(`${PROLOGUE}
      start; kill -KILL $!; wait $! 2> /dev/null; rm out.log
      ip link del p1; ip link add p1 type veth peer name h1; ip link set p1 up; ip link set h1 up
      start; gro during; kill -TERM $!; wait $!; gro after
    `);
    expect(out.split('\n').slice(2, 5)).toEqual([
      'privileges=none',
      'during: generic-receive-offload: off files: 0',
      'after: generic-receive-offload: off files: 0',
    ]);
  });

  it('hardware stamps that cannot be had are refused with the reason', () => {
    const { status, err } = inNamespace(`${PROLOGUE}
      $SWITCH --listen 127.0.0.1:0 --port 1=p1,stamps=hardware
    `);
    expect(status).toBe(1);
    expect(err).toContain('port 1: p1: the card does not stamp what it receives and sends');
  });
});

describe.skipIf(why !== '')(`packet loops of the switch${why}`, { timeout: 90_000 }, () => {
  it('are threads with names, and have the ports that they were given', () => {
    const { status, out } = inNamespace(`
      for i in 1 2 3; do ip link add p$i type veth peer name h$i; ip link set p$i up; done
      $SWITCH --listen 127.0.0.1:0 --status 127.0.0.1:9560 --threads 2 --processor 0,1 \\
        --port 1=p1 --port 2=p2 --port 3=p3,thread=1 > out.log 2> err.log &
      timeout 20 sh -c 'until grep -q . out.log err.log; do sleep 0.05; done'
      cat out.log err.log
      cat /proc/$!/task/*/comm | grep timeplane
      node -e '
        fetch("http://127.0.0.1:9560/status.json").then((r) => r.json()).then(({ ports }) =>
          console.log("threads of ports", ports.map(({ thread }) => thread).join(" ")));
      '
      kill -TERM $!; wait $!
    `);
    if (out.includes('processor 1 is not one')) return; // there is no second one
    expect(status).toBe(0);
    expect(out).toMatch(/^timeplane-loop\ntimeplane-loop1\nthreads of ports 0 1 1$/m);
  });
});
