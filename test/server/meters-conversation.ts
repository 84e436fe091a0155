/** What a controller and a switch say to each other of meters: with each switch that is here. */
import { Update_Type } from '#protos/p4/v1/p4runtime_pb';
import { expect, it } from 'vitest';
import type { Controller } from './conversation.js';
import {
  byValue,
  cell,
  colourIn,
  directMeter,
  requestFrame,
  type Config,
} from './meters-fixture.js';

export interface MeteredSwitch {
  readonly controller: () => Controller;
  /** Sends a frame through the switch, and gives what comes out. */
  readonly through: (frame: Uint8Array) => Promise<Uint8Array>;
}

/** Where switches differ from the specification; none for one that does not. */
export interface Deviations {
  /** An entry finds the meter as the one before it in its place has left it. */
  readonly metersOutliveEntries: boolean;
  readonly missingEntry: string;
}

export const BY_THE_SPECIFICATION: Deviations = {
  metersOutliveEntries: false,
  missingEntry: 'NOT_FOUND',
};

const { INSERT, MODIFY, DELETE } = Update_Type;

/** No rates, so that the colours do not depend on how fast the frames come. */
const TWO_OF_FOUR: Config = { cir: 0n, cburst: 2n, pir: 0n, pburst: 4n };
const NEVER: Config = { cir: 0n, cburst: 0n, pir: 0n, pburst: 0n };

function colours(device: MeteredSwitch) {
  const measure = async (
    count: number,
    frame: Uint8Array,
    meter: Parameters<typeof colourIn>[1],
  ): Promise<string> => {
    const seen: string[] = [];
    for (let i = 0; i < count; i += 1) seen.push(colourIn(await device.through(frame), meter));
    return seen.join(' ');
  };
  return {
    ofCell: (index: number, count: number) => measure(count, requestFrame(1, index), 'packets'),
    ofEntry: (address: number, count: number) =>
      measure(count, requestFrame(3, 0, address), 'exact'),
  };
}

function configOf(entities: Awaited<ReturnType<Controller['reads']>>['entities']) {
  return entities.map(({ entity }) => {
    if (entity.case === 'tableEntry') return entity.value.meterConfig;
    return entity.case === 'meterEntry' || entity.case === 'directMeterEntry'
      ? entity.value.config
      : entity.case;
  });
}

/** A cell of an array is configured, executed, read and reset. */
export function arrayConversation(device: MeteredSwitch): void {
  const { controller } = device;
  const { ofCell } = colours(device);

  it('every frame is green before a meter is configured', async () => {
    expect(await ofCell(1, 3)).toBe('green green green');
  });

  it('a configured cell marks green, yellow and red; its neighbours stay green', async () => {
    expect(await controller().writes(MODIFY, [cell('packets', 1n, TWO_OF_FOUR)])).toBe('OK');
    expect(await ofCell(1, 6)).toBe('green green yellow yellow red red');
    expect(await ofCell(2, 3)).toBe('green green green');
  });

  it('gives its config back', async () => {
    const { entities } = await controller().reads([cell('packets', 1n)]);
    expect(configOf(entities)).toMatchObject([TWO_OF_FOUR]);
  });

  it('is read with the whole array, in the order of its cells', async () => {
    const { entities } = await controller().reads([cell('packets', null)]);
    const cells = entities.map(({ entity }) =>
      entity.case === 'meterEntry' ? [entity.value.index?.index, entity.value.config?.pburst] : [],
    );
    expect(cells).toEqual([0n, 1n, 2n, 3n].map((i) => [i, i === 1n ? 4n : undefined]));
  });

  it('starts full again when it is configured again', async () => {
    expect(await controller().writes(MODIFY, [cell('packets', 1n, TWO_OF_FOUR)])).toBe('OK');
    expect(await ofCell(1, 3)).toBe('green green yellow');
  });

  it('is green for ever without a config, and reads so', async () => {
    expect(await controller().writes(MODIFY, [cell('packets', 1n)])).toBe('OK');
    expect(await ofCell(1, 5)).toBe('green green green green green');
    expect(configOf((await controller().reads([cell('packets', 1n)])).entities)).toEqual([
      undefined,
    ]);
  });

  it('a peak rate below the committed one is refused', async () => {
    const wrong = { ...TWO_OF_FOUR, cir: 1000n, pir: 10n };
    expect(await controller().writes(MODIFY, [cell('packets', 1n, wrong)])).not.toBe('OK');
  });

  it('cannot be inserted or deleted', async () => {
    for (const type of [INSERT, DELETE]) {
      const answer = await controller().writes(type, [cell('packets', 1n, TWO_OF_FOUR)]);
      expect(answer).toEqual(['INVALID_ARGUMENT']);
    }
  });
}

/** The meter of a table's entry, with the entry and by itself. */
export function directConversation(device: MeteredSwitch, deviations: Deviations): void {
  const { controller } = device;
  const { ofEntry } = colours(device);

  it('an entry comes with its meter, one without a config is green', async () => {
    const entries = [byValue(1, { meterConfig: TWO_OF_FOUR }), byValue(2)];
    expect(await controller().writes(INSERT, entries)).toBe('OK');
    expect(await ofEntry(1, 5)).toBe('green green yellow yellow red');
    expect(await ofEntry(2, 2)).toBe('green green');
    expect(await ofEntry(3, 1)).toBe('none');
  });

  it('is configured under its entry’s key', async () => {
    expect(await controller().writes(MODIFY, [directMeter(2, NEVER)])).toBe('OK');
    expect(await ofEntry(2, 2)).toBe('red red');
    expect(configOf((await controller().reads([directMeter(2)])).entities)).toMatchObject([NEVER]);
  });

  it('is green again without a config', async () => {
    expect(await controller().writes(MODIFY, [directMeter(2)])).toBe('OK');
    expect(await ofEntry(2, 2)).toBe('green green');
  });

  it('ends with its entry', async () => {
    expect(await controller().writes(DELETE, [byValue(1)])).toBe('OK');
    expect(await controller().writes(INSERT, [byValue(1)])).toBe('OK');
    const left = deviations.metersOutliveEntries ? 'red red' : 'green green';
    expect(await ofEntry(1, 2)).toBe(left);
  });

  it('of an entry that is not there is refused', async () => {
    expect(await controller().writes(MODIFY, [directMeter(77, NEVER)])).toEqual([
      deviations.missingEntry,
    ]);
  });
}
