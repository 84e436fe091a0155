import { describe, expect, it } from 'vitest';
import { FEATURE_NAMES } from '#p4rt/features';
import { TARGETS } from '#p4rt/targets/targets';
import { nsOf } from '#units/time';
import { artefact } from '../support/program.js';

describe.each(Object.values(TARGETS))('the target $kind', (target) => {
  it('runs a pipeline that is committed, with the P4Info of all others', () => {
    const { pipelineArtefact } = target.capabilities;
    expect(JSON.parse(artefact(`${pipelineArtefact}.json`))).toHaveProperty('parsers');
    expect(JSON.parse(artefact(`${pipelineArtefact}.p4info.json`))).toEqual(
      JSON.parse(artefact('main_native.p4info.json')),
    );
  });

  it('has a clock that counts', () => {
    expect(nsOf(target.capabilities.timestampResolution)).toBeGreaterThan(0n);
  });

  it('says of every feature whether it can, and why not', () => {
    expect(Object.keys(target.features)).toEqual(FEATURE_NAMES);
    for (const { support, why } of Object.values(target.features)) {
      expect(why === '').toBe(support === 'yes');
    }
  });

  it('gives evidence for every quirk', () => {
    for (const quirk of target.quirks) {
      expect(quirk.what).not.toBe('');
      expect(quirk.evidence).not.toBe('');
    }
  });
});
