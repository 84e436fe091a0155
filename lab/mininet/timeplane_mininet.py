"""timeplane in Mininet: switches that are PTP clocks, and networks of clocks from timeplane's descriptions.

    sudo mn --custom lab/mininet/timeplane_mininet.py --controller none \
        --topo timeplane,chain,3,mode=transparent --switch timeplane --test ptp,20

Or from a program of yours, with this folder in PYTHONPATH:

    from mininet.net import Mininet
    from timeplane_mininet import TimeplaneSwitch, TimeplaneTopo, measure

    net = Mininet(topo=TimeplaneTopo('chain', 3, mode='transparent'),
                  switch=TimeplaneSwitch, controller=None)
    net.start()
    print(measure(net, seconds=20))
    net.stop()

All hosts and switches share the machine's clock, so what a client's ptp4l believes to be its offset is its
error. No clock is ever steered.
"""

import json
import os
import re
import shlex
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

import mininet.cli
from mininet.log import info, output
from mininet.node import Node, Switch
from mininet.topo import Topo

# Mininet runs this file without a name of its own, so __file__ may not be there.
_HERE = Path((lambda: None).__code__.co_filename).resolve().parent
if str(_HERE) not in sys.path:
    sys.path.append(str(_HERE))

from timeplane_fidelity import Watch  # pylint: disable=wrong-import-position

P4RUNTIME = '127.0.0.1:9559'
SWITCH_STATUS = '127.0.0.1:9560'
AGENT_STATUS = '127.0.0.1:9561'

# Message rates, as log2 of seconds: the same for clocks on switches and on hosts.
LOG_ANNOUNCE = -1
LOG_SYNC = -3
LOG_DELAY_REQ = -3
INSTANCE = {'profile': 'default-e2e', 'outsideProfile': True}
BOUNDARY_PORT = {
    'transport': 'ethernet',
    'logAnnounceInterval': LOG_ANNOUNCE,
    'logSyncInterval': LOG_SYNC,
    'logMinDelayReqInterval': LOG_DELAY_REQ,
}

MODES = ('transparent', 'boundary', 'switch', 'none')

READY_SECONDS = 60.0
STOP_SECONDS = 5.0
# Linux allows so many characters in an interface's name.
INTERFACE_CHARACTERS = 15
# Interfaces' checksums have to be in the frames: nobody would add them behind a switch in user space.
OFFLOADS = 'tx off rx off sg off tso off gso off gro off'


class TimeplaneError(Exception):
    """Something that whoever runs this can mend."""


def timeplane_command() -> List[str]:
    """The timeplane to run: $TIMEPLANE, this repository's build, or what is in PATH."""
    said = os.environ.get('TIMEPLANE', '')
    if said:
        return shlex.split(said)
    for parent in _HERE.parents:
        build = parent / 'dist' / 'control-plane' / 'cli' / 'main.js'
        if build.exists():
            return [_node_program(), str(build)]
    installed = shutil.which('timeplane')
    if installed:
        return [installed]
    raise TimeplaneError('no timeplane: run "npm run build", or say $TIMEPLANE (sudo -E keeps it)')


def _node_program() -> str:
    found = shutil.which('node')
    if found:
        return found
    raise TimeplaneError('no node in PATH, which sudo shortens: sudo env "PATH=$PATH" mn …')


def describe(shape: str, *numbers: int, mode: Optional[str] = None) -> Dict[str, Any]:
    """A topology as `timeplane topology print --json` has it: a shape with its numbers, or a file."""
    text = f'{shape}:{",".join(map(str, numbers))}' if numbers else shape
    argv = [*timeplane_command(), 'topology', 'print', text, '--json']
    if mode is not None:
        argv += ['--mode', mode]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise TimeplaneError(done.stderr.strip() or f'{shlex.join(argv)} failed')
    return json.loads(done.stdout)


def interface_name(node: str, port: int) -> str:
    """`leaf-1-p3`; of a long name the beginning, and what tells it from others."""
    end = f'-p{port}'
    if len(node) + len(end) <= INTERFACE_CHARACTERS:
        return node + end
    digest = f'{zlib.crc32(node.encode()) & 0xffff:04x}'
    return node[: INTERFACE_CHARACTERS - len(end) - len(digest)] + digest + end


class TimeplaneTopo(Topo):
    """A network of clocks: grandmasters and clients are hosts, all others switches.

    Ports have the description's numbers. Each node has its `role`; switches of TimeplaneSwitch become
    what it says. In a network with loops the switches' ports are kept apart: only PTP passes them.
    """

    # pylint: disable=arguments-differ
    def build(self, shape: str = 'chain', *numbers: int, mode: Optional[str] = None) -> None:
        description = describe(shape, *numbers, mode=mode)
        nodes, links = description['nodes'], description['links']
        has_loops = len(links) >= len(nodes)
        for index, node in enumerate(nodes):
            name, role = node['name'], node['role']
            if role in ('grandmaster', 'client'):
                self.addHost(name, role=role)
            else:
                self.addSwitch(
                    name, dpid=f'{index + 1:x}', role=role, isolated=has_loops, inNamespace=True
                )
        ports = {node['name']: 0 for node in nodes}
        for link in links:
            ends = []
            for name in (link['a'], link['b']):
                ports[name] += 1
                ends.append((ports[name], interface_name(name, ports[name])))
            self.addLink(
                link['a'],
                link['b'],
                port1=ends[0][0],
                port2=ends[1][0],
                intfName1=ends[0][1],
                intfName2=ends[1][1],
            )


class TimeplaneSwitch(Switch):
    """The embedded switch with its agent, in a namespace of its own.

    mode: transparent, boundary, switch (it forwards and knows nothing of PTP), or none (no agent: it
        forwards nothing until a P4Runtime controller in its namespace has given it a pipeline). Not
        given: what the topology says; else transparent.
    isolated: each port is a link of its own, on which only PTP is.
    step: one or two, how event messages leave a transparent clock.
    arguments: further ones of `timeplane switch`, such as '--oscillator ppm=12'.
    """

    def __init__(
        self,
        name: str,
        mode: Optional[str] = None,
        role: Optional[str] = None,
        isolated: bool = False,
        step: str = 'one',
        arguments: str = '',
        **params: Any,
    ) -> None:
        self.mode = mode or role or 'transparent'
        if self.mode not in MODES:
            raise TimeplaneError(f'{name}: mode {self.mode}; there are {", ".join(MODES)}')
        self.isolated = isolated
        self.step = step
        self.arguments = shlex.split(arguments)
        self.directory: Optional[str] = None
        self.processes: List[Tuple[str, 'subprocess.Popen[bytes]']] = []
        # Beside a node that a topology describes, Mininet says where it would put an OpenFlow switch.
        params.update(inNamespace=True)
        params.setdefault('dpid', None)
        if params['dpid'] is None and not re.search(r'\d', name):
            params['dpid'] = f'{zlib.crc32(name.encode()):x}'
        Switch.__init__(self, name, **params)

    def numbered_ports(self) -> List[Tuple[int, str]]:
        """Port 1 first."""
        found = [(port, str(intf)) for intf, port in self.ports.items() if str(intf) != 'lo']
        return sorted(found)

    # pylint: disable=unused-argument
    def start(self, controllers: Sequence[Any] = ()) -> None:
        """Starts the switch; `ready` waits for it and gives it its agent. Mininet calls both."""
        self.directory = tempfile.mkdtemp(prefix='timeplane-mininet-')
        self.cmd('sysctl -qw net.ipv6.conf.all.disable_ipv6=1')
        self.cmd('ip link set lo up')
        for intf in self.intfList():
            if intf.link is None:
                continue
            for end in (intf.link.intf1, intf.link.intf2):
                end.node.cmd(f'ethtool -K {end.name} {OFFLOADS}')
        ports = [f'{number}={name}' for number, name in self.numbered_ports()]
        self._launch(
            'switch',
            ['switch', '--listen', P4RUNTIME, '--status', SWITCH_STATUS, '--wait', '10']
            + [word for port in ports for word in ('--port', port)]
            + self.arguments,
        )

    def ready(self) -> None:
        """Waits for the switch; then starts its agent and waits for it, too."""
        self._wait('switch')
        if self.mode == 'none':
            return
        config = Path(self.directory or '') / 'agent.json'
        # JSON is YAML.
        config.write_text(json.dumps(self.agent_config(), indent=2), encoding='utf8')
        self._launch('agent', ['agent', '--config', str(config)])
        self._wait('agent')

    @classmethod
    def batchStartup(cls, switches: Sequence['TimeplaneSwitch']) -> Sequence['TimeplaneSwitch']:
        """Mininet calls it when all have started."""
        try:
            for switch in switches:
                switch.ready()
        except TimeplaneError:
            for switch in switches:
                switch.end_processes()
            raise
        return switches

    def agent_config(self) -> Dict[str, Any]:
        """The agent's configuration."""
        return {
            'target': {'kind': 'native', 'address': P4RUNTIME, 'deviceId': 1, 'electionId': 1},
            'status': AGENT_STATUS,
            **({'instance': INSTANCE} if self.mode == 'boundary' else {}),
            'ports': [self._port_config(number) for number, _ in self.numbered_ports()],
        }

    def _port_config(self, number: int) -> Dict[str, Any]:
        ptp = 'off' if self.mode == 'switch' else self.mode
        boundary = {'boundary': BOUNDARY_PORT} if ptp == 'boundary' else {}
        step = {'step': self.step} if ptp == 'transparent' else {}
        vlan = {'native': number if self.isolated else 1}
        return {'number': number, 'name': f'p{number}', 'ptp': ptp, **step, **boundary, 'vlan': vlan}

    def show(self, *what: str) -> str:
        """What `timeplane show` says of its agent: show('residence'), show('ports', '--json')."""
        return self.cmd(shlex.join([*timeplane_command(), 'show', *what]))

    def _launch(self, what: str, arguments: List[str]) -> None:
        argv = [*timeplane_command(), *arguments]
        if shutil.which('setpriv'):
            # It ends with Mininet, whichever way that goes.
            argv = ['setpriv', '--pdeathsig', 'TERM', *argv]
        with open(self._log(what), 'wb') as log:
            process = self.popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        self.processes.append((what, process))

    def _log(self, what: str) -> Path:
        return Path(self.directory or '') / f'{what}.log'

    def _wait(self, what: str) -> None:
        process = dict(self.processes)[what]
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            said = self._log(what).read_text(encoding='utf8', errors='replace')
            if re.search(r'^ready\b', said, re.MULTILINE):
                return
            if process.poll() is not None:
                break
            time.sleep(0.05)
        raise TimeplaneError(f'{self.name}: its {what} did not get ready: {self.last_words(what)}')

    def last_words(self, what: str) -> str:
        """What its `switch` or its `agent` said last."""
        said = self._log(what).read_text(encoding='utf8', errors='replace')
        return ' | '.join(said.strip().splitlines()[-3:])

    def end_processes(self) -> None:
        """Ends agent and switch, and removes what they wrote."""
        while self.processes:
            _, process = self.processes.pop()
            process.terminate()
            try:
                process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        if self.directory is not None:
            shutil.rmtree(self.directory, ignore_errors=True)
            self.directory = None

    def stop(self, deleteIntfs: bool = True) -> None:
        self.end_processes()
        super().stop(deleteIntfs)


# ptp4l on hosts. It steers nothing: hosts have no clock of their own.
PTP4L = {
    'time_stamping': 'software',
    'network_transport': 'L2',
    'free_running': 1,
    'freq_est_interval': 0,
    # One plain offset a second, and no sums over several.
    'summary_interval': LOG_SYNC,
    'logAnnounceInterval': LOG_ANNOUNCE,
    'logSyncInterval': LOG_SYNC,
    'logMinDelayReqInterval': LOG_DELAY_REQ,
    'tx_timestamp_timeout': 200,
    'sanity_freq_limit': 0,
    'use_syslog': 0,
    'verbose': 1,
}
ROLES: Dict[str, Dict[str, Any]] = {
    'grandmaster': {'clockClass': 6, 'masterOnly': 1},
    'client': {'slaveOnly': 1},
}
OFFSET = re.compile(r'\boffset\s+(-?\d+)\s+s\d', re.MULTILINE)


class Ptp4l:
    """ptp4l on a host, until `stop`."""

    def __init__(self, host: Node, role: str, **settings: Any) -> None:
        if shutil.which('ptp4l') is None:
            raise TimeplaneError('ptp4l is not installed: sudo apt-get install linuxptp')
        self.directory = tempfile.mkdtemp(prefix='timeplane-ptp4l-')
        config = {**PTP4L, **ROLES[role], 'uds_address': f'{self.directory}/uds', **settings}
        lines = ['[global]', *(f'{key} {value}' for key, value in config.items()), '']
        file = Path(self.directory) / 'ptp4l.cfg'
        file.write_text('\n'.join(lines), encoding='utf8')
        self.log = Path(self.directory) / 'ptp4l.log'
        ports = [word for intf in host.intfNames() if intf != 'lo' for word in ('-i', intf)]
        with open(self.log, 'wb') as log:
            argv = ['ptp4l', '-f', str(file), *ports]
            self.process = host.popen(argv, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def offsets_ns(self) -> List[int]:
        """Each offset that was printed so far."""
        said = self.log.read_text(encoding='utf8', errors='replace')
        return [int(found) for found in OFFSET.findall(said)]

    def stop(self) -> None:
        """Ends it and removes its files."""
        self.process.terminate()
        self.process.wait()
        shutil.rmtree(self.directory, ignore_errors=True)


def measure(net: Any, seconds: float = 20) -> Dict[str, List[int]]:
    """Runs ptp4l on every host with a role for so long: each client's offsets, a second apart, ns.

    Hosts of another topology are clients, the first one is the grandmaster.
    """
    clocks: Dict[str, Tuple[str, Ptp4l]] = {}
    try:
        for index, host in enumerate(net.hosts):
            role = host.params.get('role', 'client' if index else 'grandmaster')
            priority = {'priority1': 1, 'priority2': index + 1} if role == 'grandmaster' else {}
            clocks[host.name] = (role, Ptp4l(host, role, **priority))
        time.sleep(seconds)
        return {
            name: clock.offsets_ns() for name, (role, clock) in clocks.items() if role == 'client'
        }
    finally:
        for _, clock in clocks.values():
            clock.stop()


def run_ptp(net: Any, seconds: float = 20) -> Dict[str, List[int]]:
    """`mn --test ptp,20`: what `measure` finds, as a table, and a verdict on the machine."""
    info(f'*** ptp4l on {len(net.hosts)} hosts for {seconds} s\n')
    with Watch() as watch:
        offsets = measure(net, float(seconds))
    output(f'{"client":<16}{"offsets":>8}{"median":>12}{"least":>12}{"greatest":>12}\n')
    for name, found in offsets.items():
        figures = [statistics.median(found), min(found), max(found)] if found else []
        cells = ''.join(f'{figure:>9.0f} ns' for figure in figures) or '  none: nobody to follow'
        output(f'{name:<16}{len(found):>8}{cells}\n')
    output(''.join(f'{line}\n' for line in watch.lines))
    return offsets


class TimeplaneCLI(mininet.cli.CLI):
    """Mininet's own, with `ptp` and `timeplane`, and for nodes that have a dash in their names."""

    identchars = mininet.cli.CLI.identchars + '-'

    def do_ptp(self, line: str) -> None:
        """ptp [seconds]: run ptp4l on every host and show what clients think of their clocks."""
        run_ptp(self.mn, float(line.strip() or 20))

    def do_timeplane(self, line: str) -> None:
        """timeplane SWITCH WHAT: what its agent counts, such as: timeplane switch-1 residence"""
        words = line.split()
        node = self.mn.nameToNode.get(words[0]) if words else None
        if not isinstance(node, TimeplaneSwitch) or len(words) < 2:
            names = [node.name for node in self.mn.switches if isinstance(node, TimeplaneSwitch)]
            output(f'timeplane SWITCH WHAT, with one of {", ".join(names)}\n')
            return
        output(node.show(*words[1:]))


# What mn --custom takes from here.
CLI = TimeplaneCLI
topos = {'timeplane': TimeplaneTopo}
switches = {'timeplane': TimeplaneSwitch}
tests = {'ptp': run_ptp}
