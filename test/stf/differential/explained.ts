/** Programs that the two switches treat differently, and why that is right. */
export const EXPLAINED: Readonly<Record<string, string>> = {
  'equality-bmv2':
    'of a packet that is too short it compares headers that are not valid; it has varbits, so such ' +
    'packets cannot be told from others',
};
