import { describe, expect, it } from 'vitest';
import { parseOptions } from '#lab/bench/options';

describe('the command line of the benchmarks', () => {
  it('runs everything in full by default', () => {
    const value = { json: null, quick: false, only: '', targets: false };
    expect(parseOptions([])).toEqual({ ok: true, value });
  });

  it('takes a file, a quick run, a choice, and those with targets', () => {
    const value = { json: 'out.json', quick: true, only: 'memory', targets: true };
    const args = ['--json', 'out.json', '--quick', '--only', 'memory', '--targets'];
    expect(parseOptions(args)).toEqual({ ok: true, value });
  });

  it('explains itself on --help, which is no mistake', () => {
    expect(parseOptions(['--help'])).toMatchObject({ ok: false, isHelp: true });
  });

  it('names an option that it does not know, and shows those that it does', () => {
    const result = parseOptions(['--slow']);
    expect(result).toMatchObject({ ok: false, isHelp: false });
    expect(result).toHaveProperty('message', expect.stringMatching(/--slow[\s\S]*usage:/));
  });
});
