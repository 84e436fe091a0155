/**
 * The closing line of a test run, from vitest's JSON report: "N passed, N failed, N skipped".
 * Ends with 1 if anything failed or nothing ran.
 *
 *   node tools/summary.mjs REPORT.json
 */
import { readFileSync } from 'node:fs';

const count = { passed: 0, failed: 0, skipped: 0 };
try {
  const report = JSON.parse(readFileSync(process.argv[2], 'utf8'));
  for (const file of report.testResults) {
    const before = count.failed;
    for (const { status } of file.assertionResults) {
      count[status === 'passed' || status === 'failed' ? status : 'skipped'] += 1;
    }
    // A file that cannot even be loaded has no tests to count.
    if (file.status === 'failed' && count.failed === before) count.failed += 1;
  }
} catch (error) {
  console.error(`no test report: ${error.message}`);
  count.failed += 1;
}
console.log(`${count.passed} passed, ${count.failed} failed, ${count.skipped} skipped`);
process.exitCode = count.failed > 0 || count.passed === 0 ? 1 : 0;
