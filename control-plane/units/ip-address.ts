/** IP addresses as numbers. Pure: no sockets here. */
import { failure, success, type Result } from './result.js';

/** Reads `192.0.2.1` as 32 bits. */
export function parseIpv4(text: string): Result<bigint, 'bad-ipv4'> {
  const parts = text.split('.');
  const good =
    parts.length === 4 && parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && +part <= 255);
  if (!good) return failure('bad-ipv4', `'${text}' is not an IPv4 address such as 192.0.2.1`);
  return success(parts.reduce((bits, part) => (bits << 8n) | BigInt(part), 0n));
}

/** Reads `2001:db8::1` as 128 bits; without a zone, and without IPv4 in dots at its end. */
export function parseIpv6(text: string): Result<bigint, 'bad-ipv6'> {
  const bad = failure('bad-ipv6', `'${text}' is not an IPv6 address such as 2001:db8::1`);
  const halves = text.split('::');
  if (halves.length > 2) return bad;
  const [head = [], tail = []] = halves.map((half) => (half === '' ? [] : half.split(':')));
  const gap = 8 - head.length - tail.length;
  if (halves.length === 2 ? gap < 1 : gap !== 0) return bad;
  const groups = [...head, ...Array.from({ length: gap }, () => '0'), ...tail];
  if (!groups.every((group) => /^[0-9a-f]{1,4}$/i.test(group))) return bad;
  return success(groups.reduce((bits, group) => (bits << 16n) | BigInt(`0x${group}`), 0n));
}
