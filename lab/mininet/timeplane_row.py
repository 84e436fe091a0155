"""A row of switches between two clocks in Mininet, for `timeplane lab compare`: docs/compare-lab.md.

    python3 timeplane_row.py SWITCHES MODE

It is told what to do on standard input and says what there is on standard output, a JSON object a line:

    its first line: every node's process and interfaces: {"switch-1": {"pid": 71, "ports": [{"name": …, "mac": …}]}}
    a line to it: how to start the switches: {"oneByOne": true, "switches": [{"arguments": […], "config": {…}}]}
    its second line: {"ready": true}

It ends, and takes everything down, when its input does, by SIGTERM, and when a switch or an agent has died.
"""

import json
import select
import signal
import sys
from typing import Any, Dict, List

from mininet.net import Mininet
from mininet.node import Node
from mininet.topo import Topo

from timeplane_mininet import OFFLOADS, TimeplaneError, TimeplaneSwitch, TimeplaneTopo, interface_name

LOOK_SECONDS = 0.2


class RowTopo(TimeplaneTopo):
    """grandmaster, switch-1 …, client; a source of traffic at the first switch, and a host for its sink."""

    # pylint: disable=arguments-differ
    def build(self, switches: int, mode: str) -> None:
        if switches == 0:
            for name in ('grandmaster', 'client'):
                self.addHost(name, role=name)
            self._link('grandmaster', 1, 'client', 1)
            return
        super().build('chain', switches, mode=mode)
        for name in ('source', 'sink'):
            self.addHost(name)
        self._link('source', 1, 'switch-1', 3)

    def _link(self, a: str, port_a: int, b: str, port_b: int) -> None:
        names = {'intfName1': interface_name(a, port_a), 'intfName2': interface_name(b, port_b)}
        self.addLink(a, b, port1=port_a, port2=port_b, **names)


class RowSwitch(TimeplaneSwitch):
    """Its agent is told what the agent in a namespace is."""

    config: Dict[str, Any] = {}

    def agent_config(self) -> Dict[str, Any]:
        return self.config


def make(switches: int, mode: str) -> Mininet:
    """The network, with links like those between the lab's namespaces; no switch is started."""
    # Else Mininet raises limits of the whole machine, which would stay when the row has gone.
    Mininet.inited = True
    net = Mininet(
        topo=RowTopo(switches, mode), switch=RowSwitch, controller=None, build=False
    )
    try:
        net.build()
        for node in [*net.hosts, *net.switches]:
            # Frames on a link are the clocks' alone.
            node.cmd('sysctl -qw net.ipv6.conf.all.disable_ipv6=1')
            node.cmd('ip link set lo up')
            for intf in node.intfList():
                if intf.link is not None:
                    node.cmd(f'ethtool -K {intf.name} {OFFLOADS}')
    except BaseException:
        net.stop()
        raise
    return net


def description(node: Node) -> Dict[str, Any]:
    """Its process, and its interfaces, port 1 first."""
    intfs = sorted((port, intf) for intf, port in node.ports.items() if intf.link is not None)
    ports = [{'name': intf.name, 'mac': intf.updateMAC()} for _, intf in intfs]
    return {'pid': node.pid, 'ports': ports}


def start(net: Mininet, told: Dict[str, Any]) -> None:
    """All switches; one after the other where each follows the one before."""
    for switch, own in zip(net.switches, told['switches']):
        switch.arguments = own['arguments']
        switch.config = own['config']
    if not told['oneByOne']:
        net.start()
        return
    for switch in net.switches:
        switch.start()
        switch.ready()


def died(switches: List[TimeplaneSwitch]) -> str:
    """Which switch or agent has ended; empty: none."""
    for switch in switches:
        for what, process in switch.processes:
            if process.poll() is not None:
                return f'the {what} of {switch.name} ended: {switch.last_words(what)}'
    return ''


def say(what: Dict[str, Any]) -> None:
    print(json.dumps(what), flush=True)


def run(net: Mininet) -> None:
    """Does what it is told until its input ends. Raises TimeplaneError when something has died."""
    say({node.name: description(node) for node in [*net.hosts, *net.switches]})
    while True:
        said, _, _ = select.select([sys.stdin], [], [], LOOK_SECONDS)
        if said:
            line = sys.stdin.readline()
            if not line:
                return
            start(net, json.loads(line))
            say({'ready': True})
        dead = died(net.switches)
        if dead:
            raise TimeplaneError(dead)


def main(switches: str, mode: str) -> int:
    """Exit code 0: it was told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        net = make(int(switches), mode)
        try:
            run(net)
        finally:
            # Once more would only interrupt this.
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            net.stop()
    except TimeplaneError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == '__main__':
    sys.exit(main(*sys.argv[1:]))
