/** All that a server is put to, in the specification's order. */
import { SERVICE } from './03-service.js';
import { ARBITRATION } from './05-arbitration.js';
import { FORMATTING } from './08-formatting.js';
import { TABLES } from './09-tables.js';
import { WRITE } from './12-write.js';
import { READ } from './13-read.js';
import { PIPELINE_CONFIG } from './14-pipeline-config.js';
import { STREAM } from './16-stream.js';
import type { Clause } from './clause.js';

const numbers = ({ section }: Clause): number[] => section.split('.').map(Number);

function inOrder(a: Clause, b: Clause): number {
  const [left, right] = [numbers(a), numbers(b)];
  for (let i = 0; i < Math.max(left.length, right.length); i += 1) {
    const difference = (left[i] ?? -1) - (right[i] ?? -1);
    if (difference !== 0) return difference;
  }
  return 0;
}

export const CLAUSES: readonly Clause[] = [
  ...SERVICE,
  ...ARBITRATION,
  ...FORMATTING,
  ...TABLES,
  ...WRITE,
  ...READ,
  ...PIPELINE_CONFIG,
  ...STREAM,
].sort(inOrder);
