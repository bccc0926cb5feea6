import { ALL_PORTS } from '../../ports.ts';
import type { AclEntry, SourcePlace } from '../model.ts';
import { type AclDraft, emptyDraft } from './draft.ts';
import { ANY_ICMP } from './entry.ts';

const ROUNDS = [
  ['inbound', 'ipv4', 100, '0.0.0.0/0'],
  ['outbound', 'ipv4', 100, '0.0.0.0/0'],
  ['inbound', 'ipv6', 101, '::/0'],
  ['outbound', 'ipv6', 101, '::/0'],
] as const;

/**
 * The ACL that AWS makes with a VPC: rule 100 lets all of IPv4 through, and where the VPC has an IPv6 block, rule 101 all of it
 * (VPC guide, "Default network ACL").
 */
export function defaultAcl(
  { id, vpc, place }: { id: string; vpc: string; place: SourcePlace },
  { hasIpv6 }: { hasIpv6: boolean },
): AclDraft {
  const draft = emptyDraft({ id, vpc, place, isDefault: true, isImplied: true });
  for (const [direction, family, number, remote] of ROUNDS) {
    const entry: AclEntry = {
      ...{ direction, family, number, remote },
      ...{ allow: true, protocol: 'all', ports: ALL_PORTS, icmp: ANY_ICMP },
      place: { file: place.file, path: `${place.path} (AWS makes it with the VPC)` },
    };
    if (family === 'ipv4' || hasIpv6) draft.entries.push(entry);
  }
  return draft;
}
