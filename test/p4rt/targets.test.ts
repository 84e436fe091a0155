import { describe, expect, it } from 'vitest';
import { TARGETS } from '#p4rt/targets/targets';
import { nsOf } from '#units/time';
import { artefact } from '../support/program.js';

describe.each(Object.values(TARGETS))('the target $kind', (target) => {
  it('runs a pipeline that is committed, with the P4Info of all others', () => {
    const { pipelineArtefact } = target.capabilities;
    expect(JSON.parse(artefact(`${pipelineArtefact}.json`))).toHaveProperty('parsers');
    expect(artefact(`${pipelineArtefact}.p4info.json`)).toBe(artefact('main_native.p4info.json'));
  });

  it('has a clock that counts', () => {
    expect(nsOf(target.capabilities.timestampResolution)).toBeGreaterThan(0n);
  });

  it('gives evidence for every quirk', () => {
    for (const quirk of target.quirks) {
      expect(quirk.what).not.toBe('');
      expect(quirk.evidence).not.toBe('');
    }
  });
});
