/** Programs that the two switches treat differently, and why that is right. */
export const EXPLAINED: Readonly<Record<string, string>> = {
  digests: 'simple_switch_grpc takes no program that has a digest with a header in it',
  'equality-bmv2':
    'of a packet that is too short it compares headers that are not valid; it has varbits, so such ' +
    'packets cannot be told from others',
};

/** Programs that simple_switch does not survive: it hangs, and nothing is left to compare. */
export const NOT_RUN: Readonly<Record<string, string>> = {
  'forloop-bmv2': 'a loop up to 255 in bit<8> has no end there; here it is left after 65536 turns',
};
