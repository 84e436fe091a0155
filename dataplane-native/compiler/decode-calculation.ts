import { fail, sanitise } from './failure.js';
import type { Json } from './json.js';
import { LIMITS } from './limits.js';
import type { Calculation, CalculationInput, HashAlgorithm } from './model.js';
import { bitwidthOf, fieldNamed, headerNamed } from './scope.js';
import type { Scope } from './scope.js';

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
    .map((item) => calculationInput(scope, item));
  const place = { path: json.path, source: json.source };
  const payload = inputs.findIndex((input) => input.kind === 'payload');
  if (payload >= 0 && payload !== inputs.length - 1) {
    fail(json, 'UNSUPPORTED', 'a payload that is not the last input');
  }
  return { ...place, name: calculationName, algorithm, inputs };
}

function calculationInput(scope: Scope, json: Json): CalculationInput {
  const type = json.get('type').string();
  switch (type) {
    case 'payload':
      return { kind: 'payload' };
    case 'hexstr': {
      const bitwidth = json.get('bitwidth').integer(1, LIMITS.fieldBits);
      return {
        kind: 'constant',
        value: BigInt.asUintN(bitwidth, json.get('value').hex()),
        bitwidth,
      };
    }
    case 'header':
      return { kind: 'header', header: headerNamed(scope, json.get('value')) };
    case 'field': {
      const found = fieldNamed(scope, json.get('value'));
      return found.kind === 'field'
        ? { kind: 'field', ref: found.ref, bitwidth: bitwidthOf(scope, found.ref) }
        : fail(json, 'UNSUPPORTED', 'a header validity as input of a calculation');
    }
    default:
      return fail(json, 'UNSUPPORTED', `an input of type "${sanitise(type)}"`);
  }
}
