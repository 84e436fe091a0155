import { fail, sanitise } from './failure.js';
import type { Json } from './json.js';
import { LIMITS } from './limits.js';
import type { Calculation, CalculationInput, HashAlgorithm } from './model.js';
import { bitwidthOf, fieldNamed, headerNamed, typeOf } from './scope.js';
import type { Scope } from './scope.js';
import { PIECE_BITS, pieceCount } from './pieces.js';

const ALGORITHMS: ReadonlyMap<string, HashAlgorithm> = new Map([
  ['csum16', 'csum16'],
  ['cksum16', 'csum16'],
  ['xor16', 'xor16'],
  ['crc16', 'crc16'],
  ['crc32', 'crc32'],
  ['crcCCITT', 'crcCCITT'],
  ['identity', 'identity'],
  ['crc16_custom', 'crc16_custom'],
  ['crc32_custom', 'crc32_custom'],
  ['random', 'random'],
]);

/** A named calculation. */
export function calculation(scope: Scope, json: Json): Calculation {
  return decode(scope, json, json.get('name').string());
}

/** What a selector chooses members by; the JSON has it inside of the action profile. */
export function selectorCalculation(scope: Scope, json: Json): Calculation {
  return decode(scope, json, '');
}

function decode(scope: Scope, json: Json, calculationName: string): Calculation {
  const name = json.get('algo').string();
  const algorithm = ALGORITHMS.get(name);
  if (algorithm === undefined) {
    return fail(json, 'UNSUPPORTED', `the hash algorithm "${sanitise(name)}"`);
  }
  const inputs = json
    .get('input')
    .items(LIMITS.calculationInputs)
    .flatMap((item) => calculationInputs(scope, item));
  const place = { path: json.path, source: json.source };
  const payload = inputs.findIndex((input) => input.kind === 'payload');
  if (payload >= 0 && payload !== inputs.length - 1) {
    fail(json, 'UNSUPPORTED', 'a payload that is not the last input');
  }
  return { ...place, name: calculationName, algorithm, inputs };
}

/** Of a wide field its pieces, the first one on top. */
function calculationInputs(scope: Scope, json: Json): readonly CalculationInput[] {
  const type = json.get('type').string();
  switch (type) {
    case 'payload':
      return [{ kind: 'payload' }];
    case 'hexstr': {
      const bitwidth = json.get('bitwidth').integer(1, LIMITS.wideBits);
      const value = BigInt.asUintN(bitwidth, json.get('value').hex());
      return constantPieces(value, bitwidth);
    }
    case 'header':
      return [{ kind: 'header', header: headerNamed(scope, json.get('value')) }];
    case 'field': {
      const found = fieldNamed(scope, json.get('value'));
      if (found.kind === 'varbit') {
        return [{ kind: 'varbit', header: found.header, type: typeOf(scope, found.header) }];
      }
      if (found.kind === 'valid') {
        return fail(json, 'UNSUPPORTED', 'a header validity as input of a calculation');
      }
      const refs = found.kind === 'wide' ? [...found.refs].reverse() : [found.ref];
      return refs.map((ref) => ({ kind: 'field', ref, bitwidth: bitwidthOf(scope, ref) }));
    }
    default:
      return fail(json, 'UNSUPPORTED', `an input of type "${sanitise(type)}"`);
  }
}

function constantPieces(value: bigint, bitwidth: number): readonly CalculationInput[] {
  if (bitwidth <= LIMITS.fieldBits) {
    return [{ kind: 'constant', value, bitwidth }];
  }
  const count = pieceCount(bitwidth);
  return Array.from({ length: count }, (_, i) => {
    const at = (count - 1 - i) * PIECE_BITS;
    const bits = Math.min(bitwidth - at, PIECE_BITS);
    return { kind: 'constant', value: BigInt.asUintN(bits, value >> BigInt(at)), bitwidth: bits };
  });
}
