/**
 * For threads that simulate. Most of what an event makes is garbage with the next one, but of ten thousand
 * clocks a hundred thousand things are still waited for whenever the engine looks what is left: the
 * rarer it looks the less of them it has to copy. A process has 16 MB for what is young, and cannot be
 * given more once it runs; a thread can when it is started. 64 MB make 10,000 clocks a fifth faster, and
 * gain little more with twice as much. (A young generation is three times its half.)
 */
export const SIMULATION_THREAD = {
  resourceLimits: { maxYoungGenerationSizeMb: 3 * 64 },
} as const;
