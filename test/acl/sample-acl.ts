import { addressBlock, EVERYWHERE } from '../../src/acl/address-block.ts';
import type { AclEntry, NetworkAcl, Side } from '../../src/acl/model.ts';
import { ALL_PORTS } from '../../src/ports.ts';

/** An entry that allows TCP to or from anywhere, or what differs. */
export function entry(given: Partial<AclEntry> & Pick<AclEntry, 'direction' | 'number'>): AclEntry {
  return {
    allow: true,
    family: 'ipv4',
    remote: '0.0.0.0/0',
    protocol: 6,
    ports: ALL_PORTS,
    icmp: { type: 'any', code: 'any' },
    place: { file: 'acls.json', path: `Entries[${String(given.number)}]` },
    ...given,
  };
}

export function acl(id: string, entries: readonly AclEntry[], more: Partial<NetworkAcl> = {}): NetworkAcl {
  return { id, vpc: 'vpc-1', isDefault: false, subnets: [], entries, place: { file: 'acls.json', path: id }, ...more };
}

/** HTTPS out, answers to 49152-61000 back in. */
export const webAcl = acl('acl-web', [
  entry({ direction: 'outbound', number: 100, ports: [{ from: 443, to: 443 }] }),
  entry({ direction: 'inbound', number: 100, ports: [{ from: 49_152, to: 61_000 }] }),
]);

export const side = (one: NetworkAcl, more: Partial<Side> = {}): Side => ({
  acl: one,
  subnet: undefined,
  blocks: [],
  resolvers: [],
  ...more,
});

export const HTTPS = { protocol: 6, port: 443 };
export const DNS = { protocol: 17, port: 53 };
export const ANYWHERE = addressBlock(EVERYWHERE.ipv4);
