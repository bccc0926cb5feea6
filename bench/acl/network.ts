import { type AddressBlock, addressBlock } from '../../src/acl/address-block.ts';
import type { AclEntry, Direction, NetworkAcl } from '../../src/acl/model.ts';
import { ALL_PORTS, type Family, type PortSet } from '../../src/ports.ts';

/** How many network ACLs the large network has. */
export const ACLS = 200;
/** Of each ACL: half of them inbound, half outbound. */
export const ENTRIES = 40;
/** How many peers are asked about. */
export const PEERS = 1000;

const numbers = (count: number): readonly number[] => Array.from({ length: count }, (_, index) => index);

/** Looks random, and is the same in every run (a step of splitmix32). */
function mixed(...parts: readonly number[]): number {
  let state = parts.reduce((sum, part) => Math.imul(sum ^ part, 0x9e37_79b1), 0x2545_f491);
  state = Math.imul(state ^ (state >>> 16), 0x21f0_aaad);
  state = Math.imul(state ^ (state >>> 15), 0x735a_2d97);
  return (state ^ (state >>> 15)) >>> 0;
}

/** Of one in four, IPv6. */
const familyOf = (seed: number): Family => (seed % 4 === 0 ? 'ipv6' : 'ipv4');

/** A block somewhere in the addresses that ACL and peers share, so that they meet. */
function blockOf(family: Family, seed: number): string {
  if (seed % 5 === 0) return family === 'ipv4' ? '0.0.0.0/0' : '::/0';
  const bits = (seed >>> 8) % 3;
  const [a, b] = [(seed >>> 10) % 64, (seed >>> 16) % 256];
  if (family === 'ipv6')
    return (
      [`fd00:${(a + 1).toString(16)}::/32`, `fd00:${(a + 1).toString(16)}:${(b + 1).toString(16)}::/48`][bits % 2] ?? ''
    );
  return [`10.${a}.0.0/16`, `10.${a}.${b}.0/24`, `10.${a}.${b}.${seed % 256}/32`][bits] ?? '';
}

function portsOf(direction: Direction, seed: number): PortSet {
  if (seed % 6 === 0) return ALL_PORTS;
  if (direction === 'outbound') return [{ from: [443, 80, 53, 5432][seed % 4] ?? 443, to: 5432 }];
  const from = 1024 + (seed % 48_000);
  return [{ from, to: Math.min(65_535, from + 2000 + (seed % 16_000)) }];
}

function entryOf(acl: number, index: number): AclEntry {
  const seed = mixed(acl, index);
  const direction = index % 2 === 0 ? 'inbound' : 'outbound';
  const family = familyOf(seed);
  return {
    ...{ direction, number: (index + 1) * 10, allow: seed % 4 !== 1, family, remote: blockOf(family, seed) },
    ...{
      protocol: seed % 7 === 0 ? 'all' : 6,
      ports: portsOf(direction, mixed(seed)),
      icmp: { type: 'any', code: 'any' },
    },
    place: { file: 'bench', path: `${acl}.${index}` },
  };
}

/** ACLs as large networks have them. */
export function manyAcls(): readonly NetworkAcl[] {
  return numbers(ACLS).map((acl) => ({
    ...{ id: `acl-${acl}`, vpc: 'vpc-1', isDefault: false, subnets: [] },
    entries: numbers(ENTRIES).map((index) => entryOf(acl, index)),
    place: { file: 'bench', path: `${acl}` },
  }));
}

/** The peers: blocks of both families, always the same ones. */
export function manyPeers(): readonly AddressBlock[] {
  return numbers(PEERS).map((peer) => {
    const seed = mixed(peer, 77);
    return addressBlock(blockOf(familyOf(seed), seed));
  });
}
