"""Whether the machine was fit to be measured on: docs/fidelity.md, with the probe that the lab has.

The limits are those of lab/measure/fidelity.ts.
"""

import re
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Dict, IO, List, Optional, Tuple

_PROBE = Path(__file__).resolve().parents[2] / 'build' / 'lab' / 'wake_probe'
_REPORT = re.compile(r'^wake \d+ (\d+)((?: \d+:\d+)*)$')

LATE_NS = 4_000_000
LEAST_WAKES = 50
VERDICTS = ('good', 'doubtful', 'unfit')
SMALLEST_NS = 1024
CLASSES_AN_OCTAVE = 4
STOP_SECONDS = 5.0


def _class_end_ns(index: int) -> float:
    octave, within = divmod(index, CLASSES_AN_OCTAVE)
    return SMALLEST_NS * 2**octave * (1 + (within + 1) / CLASSES_AN_OCTAVE)


def _processor_ticks() -> Tuple[int, int, int]:
    """All of them, those that were idle, those that the host took."""
    with open('/proc/stat', encoding='ascii') as stat:
        ticks = [int(word) for word in stat.readline().split()[1:9]]
    return sum(ticks), ticks[3] + ticks[4], ticks[7]


def judge(report_lines: List[str], steal_share: float, busy_share: float) -> Tuple[str, List[str]]:
    """The verdict, and the lines to print: from what the probe said, and shares of the processors' time."""
    counts: Dict[int, int] = {}
    max_ns = 0
    for line in report_lines:
        found = _REPORT.match(line.strip())
        if found is None:
            continue
        max_ns = max(max_ns, int(found[1]))
        for word in found[2].split():
            index, count = (int(part) for part in word.split(':'))
            counts[index] = counts.get(index, 0) + count
    wakes = sum(counts.values())

    def percentile(share: float) -> float:
        below = 0
        for index in sorted(counts):
            below += counts[index]
            if below >= share * wakes:
                return min(max_ns, _class_end_ns(index))
        return 0

    late = sum(count for index, count in counts.items() if _class_end_ns(index) > LATE_NS)
    late_share = late / wakes if wakes else 0.0
    p99_ns = percentile(0.99)
    worst, reasons = 0, []
    if wakes < LEAST_WAKES:
        worst = 2
        reasons.append('the machine was not watched long enough')
    for value, doubtful, unfit, says in (
        (p99_ns, 1e6, 1e7, f'one program in a hundred was woken {p99_ns / 1e6:.2g} ms late or more'),
        (late_share, 0.001, 0.02, f'{100 * late_share:.2g} % of timers were more than 4 ms late'),
        (steal_share, 0.01, 0.1, f"the host took {100 * steal_share:.2g} % of the processors' time"),
    ):
        if value >= doubtful:
            worst = max(worst, 2 if value >= unfit else 1)
            reasons.append(says)
    verdict = VERDICTS[worst]
    delays = ', '.join(f'{ns / 1e3:.3g} µs' for ns in (percentile(0.5), p99_ns, max_ns))
    first = (
        f'Fidelity: {verdict}; timers late by {delays} (p50, p99, max), {100 * late_share:.2g} % by more than '
        f'4 ms; steal {100 * steal_share:.2g} %; busy {100 * busy_share:.2g} %.'
    )
    return verdict, [first, *(f'  {verdict}: {reason}.' for reason in reasons)]


class Watch:
    """The machine while something is measured: `with Watch() as watch: …`, then `watch.lines`."""

    def __init__(self) -> None:
        self.lines: List[str] = []
        self.verdict: Optional[str] = None
        self._reports: IO[str] = tempfile.TemporaryFile('w+', encoding='ascii')
        self._probe: Optional['subprocess.Popen[bytes]'] = None
        self._before = (0, 0, 0)

    def __enter__(self) -> 'Watch':
        self._before = _processor_ticks()
        if _PROBE.exists():
            self._probe = subprocess.Popen(
                [str(_PROBE)], stdin=subprocess.DEVNULL, stdout=self._reports
            )
        return self

    def __exit__(self, *_: object) -> None:
        if self._probe is None:
            self.lines = ['Fidelity: not judged, since build/lab/wake_probe is not there: npm run build.']
            self._reports.close()
            return
        # What it says of the last tenth of a second.
        time.sleep(0.15)
        self._probe.terminate()
        try:
            self._probe.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._probe.kill()
            self._probe.wait()
        self._reports.seek(0)
        said = self._reports.read().splitlines()
        self._reports.close()
        ticks, idle, steal = (
            after - before for after, before in zip(_processor_ticks(), self._before)
        )
        shares = (steal / ticks, 1 - idle / ticks) if ticks else (0.0, 0.0)
        self.verdict, self.lines = judge(said, *shares)
