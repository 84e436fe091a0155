/** The numbers under which the program counts. */

/** Drop reasons, p4/core/types.p4. */
export const DROP = {
  unknownPort: 1,
  vlan: 2,
  reserved: 3,
  samePort: 4,
  malformed: 6,
  egressVlan: 7,
  tooLong: 9,
  blocked: 10,
  loop: 11,
  notAccepted: 12,
  hops: 13,
  unmatched: 14,
  mechanism: 15,
  notAnswered: 16,
  noClock: 18,
} as const;

/** The second index of the counter `two_step`. */
export const TWO_STEP_COUNT = {
  recorded: 0,
  applied: 1,
  generated: 2,
  waited: 3,
  unmatched: 4,
  stray: 6,
};
