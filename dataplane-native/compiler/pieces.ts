/** Values of more than 128 bits as pieces of 64 bits: c/wide.ts computes with them. */

export const PIECE_BITS = 64;

export function pieceCount(bits: number): number {
  return Math.ceil(bits / PIECE_BITS);
}
