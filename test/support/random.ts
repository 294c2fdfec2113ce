/** Numbers in [0, 1) that follow from the seed alone (mulberry32), so that what failed can be run again. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** The run's seed: `LOGBOOK_SEED`, or a new one. Whoever uses it prints it. */
export function runSeed(): number {
  return Number(process.env['LOGBOOK_SEED'] ?? Date.now() % 1_000_000_000);
}
