/** What our server does otherwise than the specification says, by the title of the clause, and why. */
export const OURS: Readonly<Record<string, string>> = {};
