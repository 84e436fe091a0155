/** Programs that the two switches treat differently, and why that is right. */
export const EXPLAINED: Readonly<Record<string, string>> = {};
