/** Checksums and hashes over fields, constants and the payload. */
import { fail } from '../failure.js';
import type {
  Calculation,
  CalculationInput,
  Checksum,
  Field,
  HashAlgorithm,
  HeaderRef,
  Program,
} from '../model.js';
import { at, instance } from '../scope.js';
import { fromBits, toBits } from './bits.js';
import { number64 } from './c-types.js';
import { ExpressionEmitter } from './expression.js';
import { noteChange } from './frame.js';
import { calculationName, fieldName, fieldType, headerNames } from './names.js';
import { VARBIT_BITS, VARBIT_OCTETS } from './varbit.js';
import type { Ranges } from './range.js';

/** One input: C for its bits, and for the validity of its header. */
interface Input {
  /** Of a varbit, its header's struct. */
  readonly bits: string;
  /** Of a varbit, the most that it can have. */
  readonly bitwidth: number;
  readonly valid: string;
  readonly isVarbit?: true;
}

export function emitCalculation(program: Program, index: number): string[] {
  const calculation = at(program.calculations, index);
  const { algorithm } = calculation;
  if (algorithm === 'random') return [];
  const inputs = calculation.inputs.flatMap((input) => inputBits(program, input));
  const hasPayload = calculation.inputs.some((input) => input.kind === 'payload');
  const octets = Math.ceil(inputs.reduce((sum, input) => sum + input.bitwidth, 0) / 8);
  const payload = hasPayload
    ? [
        'const uint8_t *const payload = packet->data + packet->payload_offset;',
        'const uint32_t payload_octets = packet->length - packet->payload_offset;',
      ]
    : [];
  return [
    'static inline uint64_t __attribute__((unused))',
    `${calculationName(program, index)}(const struct tp_packet *packet, const struct phv *p,`,
    'const struct locals *l) {',
    ...payload,
    ...(calculation.algorithm === 'csum16' && !inputs.some(({ isVarbit }) => isVarbit)
      ? fastSum(inputs, hasPayload)
      : []),
    `uint8_t octets[${Math.max(octets, 1)}] = {0};`,
    'struct tp_bit_writer writer = {.octets = octets, .bits = 0};',
    ...inputs.map(({ bits, bitwidth, valid, isVarbit }) =>
      guarded(
        valid,
        isVarbit === true
          ? `tp_put_octets(&writer, ${bits}.${VARBIT_OCTETS}, ${bits}.${VARBIT_BITS} / 8);`
          : `tp_put_bits(&writer, ${bits}, ${bitwidth});`,
      ),
    ),
    'const uint32_t count = (writer.bits + 7) / 8;',
    ...finish({ ...calculation, algorithm }, hasPayload),
    '}',
  ];
}

/** C for a hash. A random one is of nothing, and another for each frame and each call. */
export function hashText(program: Program, index: number): string {
  return at(program.calculations, index).algorithm === 'random'
    ? 'tp_random(pipeline, 0, UINT64_MAX)'
    : `${calculationName(program, index)}(packet, p, l)`;
}

function guarded(valid: string, statement: string): string {
  return valid === 'true' ? statement : `if (${valid} != 0) { ${statement} }`;
}

function inputBits(program: Program, input: CalculationInput): Input[] {
  switch (input.kind) {
    case 'payload':
      return [];
    case 'constant': {
      const low = BigInt.asUintN(64, input.value);
      const bits =
        input.bitwidth <= 64
          ? number64(low)
          : `TP_U128(0x${(input.value >> 64n).toString(16)}, 0x${low.toString(16)})`;
      return [{ bits, bitwidth: input.bitwidth, valid: 'true' }];
    }
    case 'field': {
      const field = at(at(program.headerTypes, input.ref.type).fields, input.ref.field);
      const bits = toBits(field, fieldName(program, input.ref, ''));
      const { valid } = headerNames(program, input.ref.header, '');
      return [{ bits, bitwidth: field.bitwidth, valid }];
    }
    case 'varbit':
      return [varbitInput(program, input.header, input.type)];
    case 'header': {
      const { type } = at(program.headers, input.header);
      const header = instance(input.header);
      const names = headerNames(program, header, '');
      const { fields, varbit } = at(program.headerTypes, type);
      const inputs = fields.map((field: Field, i) => ({
        bits: toBits(field, fieldName(program, { header, type, field: i }, '')),
        bitwidth: field.bitwidth,
        valid: names.valid,
      }));
      const split = varbit?.fieldsBefore ?? fields.length;
      const middle = varbit === null ? [] : [varbitInput(program, header, type)];
      return [...inputs.slice(0, split), ...middle, ...inputs.slice(split)];
    }
  }
}

function varbitInput(program: Program, header: HeaderRef, type: number): Input {
  const { value, valid } = headerNames(program, header, '');
  const { varbit } = at(program.headerTypes, type);
  return { bits: value, bitwidth: (varbit?.maxOctets ?? 0) * 8, valid, isVarbit: true };
}

/**
 * The ones' complement sum without the octets, where all headers are valid and every field's place
 * is known: 2^16 is 1 there, so a field counts as its value shifted to its place in a word.
 */
function fastSum(inputs: readonly Input[], hasPayload: boolean): string[] {
  const valid = [...new Set(inputs.map((input) => input.valid))].filter((text) => text !== 'true');
  const terms: string[] = [];
  let end = 0;
  for (const { bits, bitwidth } of inputs) {
    end += bitwidth;
    const shift = (16 - (end % 16)) % 16;
    for (let part = 0; part < bitwidth; part += 32) {
      const piece = part === 0 ? bits : `(${bits} >> ${part})`;
      const cut =
        bitwidth - part > 32 ? `((uint64_t)${piece} & 0xffffffffu)` : `(uint64_t)${piece}`;
      terms.push(`sum += ${cut} << ${shift};`);
    }
  }
  const octets = Math.ceil(end / 8);
  return [
    `if (${valid.length === 0 ? 'true' : valid.map((text) => `${text} != 0`).join(' && ')}) {`,
    'uint64_t sum = 0;',
    ...terms,
    ...(hasPayload ? [addPayload(octets % 2 === 0 ? 'false' : 'true')] : []),
    'return ~tp_fold16(sum) & 0xffffu;',
    '}',
  ];
}

/** A payload that begins at an odd octet is summed with its octets' roles swapped. */
function addPayload(isOdd: string): string {
  const sum = 'tp_fold16(tp_sum_octets(payload, payload_octets))';
  return isOdd === 'false'
    ? `sum += ${sum};`
    : `sum += ${isOdd} ? __builtin_bswap16((uint16_t)${sum}) : ${sum};`;
}

function finish(
  calculation: Calculation & { readonly algorithm: Exclude<HashAlgorithm, 'random'> },
  hasPayload: boolean,
): string[] {
  const overAll = (step: (octets: string, count: string) => string): string[] => [
    step('octets', 'count'),
    ...(hasPayload ? [step('payload', 'payload_octets')] : []),
  ];
  switch (calculation.algorithm) {
    case 'csum16':
      return [
        'uint64_t sum = tp_sum_octets(octets, count);',
        ...(hasPayload ? [addPayload('(count & 1u) != 0')] : []),
        'return ~tp_fold16(sum) & 0xffffu;',
      ];
    case 'crc16':
    case 'crc16_custom':
      return [
        'uint32_t crc = 0;',
        ...overAll((octets, count) => `crc = tp_crc_reflected(crc, 0xa001u, ${octets}, ${count});`),
        'return crc;',
      ];
    case 'crc32':
    case 'crc32_custom':
      return [
        'uint32_t crc = 0xffffffffu;',
        ...overAll(
          (octets, count) => `crc = tp_crc_reflected(crc, 0xedb88320u, ${octets}, ${count});`,
        ),
        'return crc ^ 0xffffffffu;',
      ];
    case 'crcCCITT':
      return [
        'uint32_t crc = 0xffffu;',
        ...overAll((octets, count) => `crc = tp_crc_ccitt(crc, ${octets}, ${count});`),
        'return crc;',
      ];
    case 'identity':
    case 'xor16':
      return finishPlain(calculation, hasPayload);
  }
}

/** What goes octet by octet: over the inputs, and then over the payload. */
function finishPlain({ algorithm }: Calculation, hasPayload: boolean): string[] {
  const [limit, step] =
    algorithm === 'identity'
      ? [' && at < 8', 'value = (value << 8) | OCTET; at++;']
      : ['', 'value ^= (at++ & 1u) != 0 ? (uint64_t)OCTET : (uint64_t)OCTET << 8;'];
  const over = (octets: string, count: string): string[] => [
    `for (uint32_t i = 0; i < ${count}${limit}; i++) {`,
    step.replaceAll('OCTET', `${octets}[i]`),
    '}',
  ];
  return [
    'uint64_t value = 0;',
    'uint32_t at = 0;',
    ...over('octets', 'count'),
    ...(hasPayload ? over('payload', 'payload_octets') : []),
    'return value;',
  ];
}

/** Statements that verify or update all checksums of a program. */
export function emitChecksums(
  program: Program,
  ranges: Ranges,
  which: 'verify' | 'update',
): string[] {
  const emitter = new ExpressionEmitter(program, ranges, []);
  return program.checksums
    .filter((checksum) => checksum[which])
    .flatMap((checksum) => emitChecksum(program, emitter, checksum, which));
}

function emitChecksum(
  program: Program,
  emitter: ExpressionEmitter,
  checksum: Checksum,
  which: 'verify' | 'update',
): string[] {
  const { target, calculation } = checksum;
  if (at(program.calculations, calculation).algorithm === 'random') {
    fail(checksum, 'UNSUPPORTED', 'a checksum by the hash algorithm "random"');
  }
  const field = at(at(program.headerTypes, target.type).fields, target.field);
  const condition = checksum.condition === null ? 'true' : emitter.boolean(checksum.condition);
  const valid = emitter.validText(target.header);
  const name = fieldName(program, target, '');
  const value = `${calculationName(program, calculation)}(packet, p, l)`;
  const body =
    which === 'verify'
      ? [`if (${toBits(field, name)} != ${value}) { packet->sm.checksum_error = 1; }`]
      : [
          `const ${fieldType(field)} sum = ${fromBits(field, value)};`,
          `if (${name} != sum) {`,
          `${name} = sum;`,
          ...noteChange(program, target.header),
          '}',
        ];
  return ['{', ...emitter.take(), `if (${valid} && ${condition}) {`, ...body, '}', '}'];
}
