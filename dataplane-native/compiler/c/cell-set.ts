/** Sets of small numbers, as bits. */
export class CellSet {
  private readonly words: Uint32Array;

  constructor(count: number) {
    this.words = new Uint32Array((count + 31) >> 5);
  }

  copy(): CellSet {
    const other = new CellSet(this.words.length << 5);
    other.words.set(this.words);
    return other;
  }

  has(cell: number): boolean {
    return ((this.words[cell >> 5] ?? 0) & (1 << (cell & 31))) !== 0;
  }

  add(cell: number): void {
    this.words[cell >> 5] = (this.words[cell >> 5] ?? 0) | (1 << (cell & 31));
  }

  delete(cell: number): void {
    this.words[cell >> 5] = (this.words[cell >> 5] ?? 0) & ~(1 << (cell & 31));
  }

  addAll(other: CellSet): void {
    other.words.forEach((word, i) => {
      this.words[i] = (this.words[i] ?? 0) | word;
    });
  }

  clear(): void {
    this.words.fill(0);
  }

  equals(other: CellSet): boolean {
    return this.words.every((word, i) => word === other.words[i]);
  }
}
