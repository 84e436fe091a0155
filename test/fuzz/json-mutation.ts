/** Changes to a JSON that keep it one: parts go, are doubled, exchanged, or come from another place. */
import type { Chance } from '../stf/differential/packets.js';

export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };

interface Place {
  readonly parent: Json[] | { [key: string]: Json };
  readonly key: string | number;
}

const NUMBERS = [
  ...[0, 1, -1, 2, 7, 8, 9, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 511, 512, 1023, 2048],
  ...[65_535, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 53, 1e300, 0.5, -0],
];
const TEXTS = [
  ...['', '0x', '0x0', '0x00', '0x-1', '0xff', '0x8000000000000000', '0xffffffffffffffffff', 'x'],
  ...['__proto__', 'constructor', '$valid$', 'scalars', 'standard_metadata', '*/', '\\', '\n', '"'],
  ...[
    'd2d',
    'b2d',
    'd2b',
    'two_comp_mod',
    'dereference_header_stack',
    'last_stack_index',
    '?',
    '==',
  ],
];

const isContainer = (value: Json): value is Json[] | { [key: string]: Json } =>
  typeof value === 'object' && value !== null;

function placesIn(root: Json): Place[] {
  const found: Place[] = [];
  const visit = (value: Json): void => {
    if (!isContainer(value)) return;
    for (const [name, child] of Object.entries(value)) {
      found.push({ parent: value, key: Array.isArray(value) ? Number(name) : name });
      visit(child);
    }
  };
  visit(root);
  return found;
}

const valueAt = ({ parent, key }: Place): Json =>
  (Array.isArray(parent) ? parent[Number(key)] : parent[key]) ?? null;

function put({ parent, key }: Place, value: Json): void {
  if (Array.isArray(parent)) parent[Number(key)] = value;
  // A plain assignment to `__proto__` would be lost.
  else
    Object.defineProperty(parent, key, {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    });
}

function remove({ parent, key }: Place): void {
  if (Array.isArray(parent)) parent.splice(Number(key), 1);
  else delete parent[key];
}

const pick = <T>(chance: Chance, all: readonly T[]): T | undefined => all[chance.below(all.length)];

/** In an array, what its elements mostly are is under the array's own name. */
function nameOf(place: Place, all: readonly Place[]): string {
  if (typeof place.key === 'string') return place.key;
  const holder = all.find((one) => valueAt(one) === place.parent);
  return holder === undefined ? '' : `${String(holder.key)}[]`;
}

/** The value of something else of the same name: what fits there, mostly. */
function likeIt(
  chance: Chance,
  place: Place,
  own: readonly Place[],
  other: Json,
): Json | undefined {
  const name = nameOf(place, own);
  const from = chance.below(2) === 0 ? own : placesIn(other);
  for (let tries = 0; tries < 40; tries += 1) {
    const candidate = pick(chance, from);
    if (candidate !== undefined && candidate !== place && nameOf(candidate, from) === name) {
      return valueAt(candidate);
    }
  }
  return undefined;
}

function changedNumber(chance: Chance, value: number): number {
  if (chance.below(2) === 0) return value + chance.below(5) - 2;
  return pick(chance, NUMBERS) ?? 0;
}

function changedText(chance: Chance, value: string, own: readonly Place[]): string {
  if (/^0x[0-9a-f]+$/.test(value) && chance.below(2) === 0) {
    return `0x${'f'.repeat(1 + chance.below(40))}`;
  }
  if (chance.below(3) === 0) return pick(chance, TEXTS) ?? '';
  const texts = own.map(valueAt).filter((one) => typeof one === 'string');
  return pick(chance, texts) ?? '';
}

function changeOnce(chance: Chance, root: Json, other: Json): void {
  const places = placesIn(root);
  const place = pick(chance, places);
  if (place === undefined) return;
  const value = valueAt(place);
  switch (chance.below(8)) {
    case 0:
      return remove(place);
    case 1:
      if (Array.isArray(place.parent))
        place.parent.splice(Number(place.key), 0, structuredClone(value));
      return;
    case 2: {
      const second = pick(chance, places);
      if (second !== undefined && !isContainer(value)) put(second, value);
      return;
    }
    case 3:
    case 4: {
      const alike = likeIt(chance, place, places, other);
      if (alike !== undefined) put(place, structuredClone(alike));
      return;
    }
    default:
      if (typeof value === 'number') put(place, changedNumber(chance, value));
      else if (typeof value === 'string') put(place, changedText(chance, value, places));
      else if (typeof value === 'boolean') put(place, !value);
      else if (Array.isArray(value)) value.sort(() => chance.below(3) - 1);
      else put(place, pick<Json>(chance, [null, 0, '', [], {}, true]) ?? null);
  }
}

/** A copy with one to four changes; parts may come from `other`. */
export function mutatedJson(chance: Chance, json: Json, other: Json): Json {
  const copy = structuredClone(json);
  for (let left = 1 + chance.below(4); left > 0; left -= 1) changeOnce(chance, copy, other);
  return copy;
}
