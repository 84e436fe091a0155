/** All that a server is put to, in the specification's order. */
import { SERVICE } from './03-service.js';
import { ARBITRATION } from './05-arbitration.js';
import { P4INFO } from './06-p4info.js';
import { DATA } from './08-data.js';
import { FORMATTING } from './08-formatting.js';
import { TABLES } from './09-tables.js';
import { COUNTERS_AND_METERS } from './09-counters.js';
import { ENTRIES } from './09-entries.js';
import { ONE_SHOT } from './09-one-shots.js';
import { OTHERS } from './09-others.js';
import { PROFILES } from './09-profiles.js';
import { REPLICATION } from './09-replication.js';
import { WRITE } from './12-write.js';
import { READ } from './13-read.js';
import { PIPELINE_CONFIG } from './14-pipeline-config.js';
import { STREAM } from './16-stream.js';
import { TYPES } from './18-translation.js';
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
  ...P4INFO,
  ...DATA,
  ...FORMATTING,
  ...TABLES,
  ...PROFILES,
  ...ONE_SHOT,
  ...ENTRIES,
  ...OTHERS,
  ...COUNTERS_AND_METERS,
  ...REPLICATION,
  ...WRITE,
  ...READ,
  ...PIPELINE_CONFIG,
  ...STREAM,
  ...TYPES,
].sort(inOrder);
