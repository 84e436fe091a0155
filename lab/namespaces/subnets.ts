/**
 * Addresses of a network of namespaces: each link is a subnet, and links that meet where somebody forwards
 * are one. They are those for tests of equipment (RFC 2544) and of documentation (RFC 3849).
 */
import { LabError } from '../lab-error.js';

/** With prefix length. */
export interface SubnetPlace {
  readonly ipv4: string;
  readonly ipv6: string;
}

type LinkEnds = readonly [string, string];

/** Of both ends of each link. @throws LabError for more subnets than there are addresses. */
export function subnetPlaces(
  links: readonly LinkEnds[],
  forwards: ReadonlySet<string>,
): readonly (readonly [SubnetPlace, SubnetPlace])[] {
  const segments = segmentsOf(links, forwards);
  const numbers = new Map<string, number>();
  const hosts = new Map<string, number>();
  return links.map((_, link) => {
    const segment = segments[link];
    if (segment === null || segment === undefined) {
      return [pointToPoint(link, 1), pointToPoint(link, 2)];
    }
    const number = numbers.get(segment) ?? numbers.size;
    numbers.set(segment, number);
    const next = (): SubnetPlace => {
      const host = (hosts.get(segment) ?? 0) + 1;
      hosts.set(segment, host);
      return shared(number, host);
    };
    return [next(), next()];
  });
}

/** Of each link one of the nodes that forward there, always the same; null: nobody does. */
function segmentsOf(
  links: readonly LinkEnds[],
  forwards: ReadonlySet<string>,
): readonly (string | null)[] {
  const above = new Map<string, string>();
  const rootOf = (name: string): string => {
    let at = name;
    for (let next = above.get(at); next !== undefined; next = above.get(at)) at = next;
    return at;
  };
  for (const [a, b] of links) {
    if (!forwards.has(a) || !forwards.has(b)) continue;
    const [one, other] = [rootOf(a), rootOf(b)];
    if (one !== other) above.set(other, one);
  }
  return links.map((ends) => {
    const forwarding = ends.find((end) => forwards.has(end));
    return forwarding === undefined ? null : rootOf(forwarding);
  });
}

/** Of 198.18.0.0/16. */
const MOST_LINKS = 2 ** 14;

function pointToPoint(link: number, end: 1 | 2): SubnetPlace {
  if (link >= MOST_LINKS) throw tooMany(`${MOST_LINKS} links`);
  return {
    ipv4: `198.18.${link >> 6}.${4 * (link & 63) + end}/30`,
    ipv6: `2001:db8:0:${link.toString(16)}::${end}/64`,
  };
}

/** Of 198.19.0.0/16. */
const HOST_BITS = 10;
const MOST_SUBNETS = 2 ** (16 - HOST_BITS);
const MOST_HOSTS = 2 ** HOST_BITS - 2;

function shared(subnet: number, host: number): SubnetPlace {
  if (subnet >= MOST_SUBNETS) throw tooMany(`${MOST_SUBNETS} networks of transparent clocks`);
  if (host > MOST_HOSTS) throw tooMany(`${MOST_HOSTS} ports in one network of transparent clocks`);
  const address = (subnet << HOST_BITS) | host;
  return {
    ipv4: `198.19.${address >> 8}.${address & 255}/${32 - HOST_BITS}`,
    ipv6: `2001:db8:1:${subnet.toString(16)}::${host.toString(16)}/64`,
  };
}

const tooMany = (what: string) =>
  new LabError('precondition', `the lab has addresses for ${what}, and no more`);
