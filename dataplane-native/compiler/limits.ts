/**
 * What the compiler takes: far above any program that people write, low enough that a hostile JSON
 * costs seconds and megabytes at most.
 */
export const LIMITS = {
  jsonOctets: 16 * 1024 * 1024,
  jsonDepth: 1000,
  id: 0x7fffffff,
  headerTypes: 1024,
  headers: 4096,
  fields: 4096,
  /** Of what C computes with at once; a wider field is kept as pieces. */
  fieldBits: 128,
  /** Of any field: as many as headerOctets. */
  wideBits: 16_384,
  /** Of a value on its way: the product of two of the widest fields, and a sum of such. */
  valueBits: 2 * 16_384 + 64,
  headerOctets: 2048,
  phvOctets: 32 * 1024,
  stackSize: 256,
  parserStates: 2048,
  parserOps: 4096,
  transitions: 4096,
  transitionKeys: 64,
  actions: 8192,
  parameters: 256,
  primitives: 8192,
  tables: 4096,
  keys: 64,
  entries: 65536,
  /** As MAX_ENTRIES in tables/table.c. */
  tableSize: 1 << 22,
  arrays: 4096,
  arrayCells: 1 << 24,
  calculationInputs: 1024,
  /** Characters of a format. */
  logText: 4096,
  /** As TP_MAX_KEY_WORDS and TP_MAX_ARG_WORDS in pipeline.h. */
  keyWords: 16,
  argWords: 32,
  cOctets: 8 * 1024 * 1024,
  /** Of tables, counters, meters and registers together. */
  stateOctets: 2 ** 31,
} as const;
