/** Big-endian access to octets. Callers check lengths first: a range error here is a bug. */

export function viewOf(octets: Uint8Array): DataView {
  return new DataView(octets.buffer, octets.byteOffset, octets.byteLength);
}

export function readUint48(view: DataView, offset: number): bigint {
  return (BigInt(view.getUint16(offset)) << 32n) | BigInt(view.getUint32(offset + 2));
}

export function writeUint48(view: DataView, offset: number, value: bigint): void {
  view.setUint16(offset, Number((value >> 32n) & 0xffffn));
  view.setUint32(offset + 2, Number(value & 0xffff_ffffn));
}

export function concatOctets(...parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
