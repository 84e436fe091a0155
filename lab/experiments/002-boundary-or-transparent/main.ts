/** `node dist/lab/experiments/002-boundary-or-transparent/main.js [--quick]` */
import Table from 'cli-table3';
import { STAMP_SIGMA_NS } from './chains.js';
import {
  FULL,
  instanceRows,
  QUICK,
  steppedRows,
  type Estimate,
  type InstanceRow,
  type Row,
} from './experiment.js';

const style = { head: [], border: [] };

function text({ mean, half }: Estimate, digits: number): string {
  return `${mean.toPrecision(digits)} ± ${half.toPrecision(1)}`;
}

function steppedTable(rows: readonly Row[]): string {
  const head = ['servo', 'kp, ki', 'hop', 'BC', 'closed form', 'TC', 'closed form', ''];
  const table = new Table({ head, style });
  for (const { servo, gains, hop, boundary, transparent, expected, isAsExpected } of rows) {
    table.push([
      servo,
      `${gains.kp.toPrecision(3)}, ${gains.ki.toPrecision(3)}`,
      hop,
      text(boundary, 4),
      expected.boundary.toPrecision(4),
      text(transparent, 4),
      expected.transparent.toPrecision(4),
      isAsExpected ? 'ok' : 'OFF',
    ]);
  }
  return table.toString();
}

function instanceTable(rows: readonly InstanceRow[]): string {
  const table = new Table({ head: ['hop', 'BC, ns', 'TC, ns'], style });
  for (const { hop, boundary, transparent } of rows) {
    table.push([hop, text(boundary, 4), text(transparent, 4)]);
  }
  return table.toString();
}

function main(args: readonly string[]): number {
  const unknown = args.find((argument) => argument !== '--quick');
  if (unknown !== undefined) {
    console.error(`unknown option ${unknown}\nusage: main.js [--quick]`);
    return 2;
  }
  const scale = args.includes('--quick') ? QUICK : FULL;
  const progress = (line: string) => {
    process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${line}` : `${line}\n`);
  };
  const stepped = steppedRows(scale, progress);
  const instances = instanceRows(scale, progress);
  progress('');
  console.log(`seeds 1 to ${scale.seeds}, ± 95 % over seeds; node ${process.versions.node}`);
  console.log('rms error / noise of one hop, white noise, in steps:');
  console.log(steppedTable(stepped));
  console.log(`whole instances in events, every stamp with ${STAMP_SIGMA_NS} ns of noise:`);
  console.log(instanceTable(instances));
  return stepped.every(({ isAsExpected }) => isAsExpected) ? 0 : 1;
}

process.exitCode = main(process.argv.slice(2));
