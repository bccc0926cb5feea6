import { FAMILIES, type Family } from '../ports.ts';
import type { ChainListing, RegularChain } from './base-chains.ts';

/**
 * Families in which a container engine masquerades, known by the chains that it makes and by the rules of iptables-legacy.
 * Docker: chain DOCKER in the iptables nat table, or the tables docker-bridges of its nftables backend (moby,
 * libnetwork/drivers/bridge); netavark: `nv_ID_SUBNET` in `inet netavark`, or NETAVARK-* (netavark, src/firewall);
 * CNI plugins: CNI-* (plugins, pkg/ip/ipmasq). Kubernetes' own chains are left out: they masquerade marked packets only.
 */
export function engineNat(chains: ChainListing, legacyMasquerade: readonly Family[] = []): Family[] {
  const all = [...chains.baseChains, ...chains.regularChains];
  return FAMILIES.filter(
    (family) => legacyMasquerade.includes(family) || all.some((chain) => familyOf(chain) === family),
  );
}

function familyOf(chain: RegularChain): Family | undefined {
  if (chain.family === 'inet' && chain.table === 'netavark') return netavarkFamily(chain.name);
  const family = chain.family === 'ip' ? 'ipv4' : chain.family === 'ip6' ? 'ipv6' : undefined;
  const engines =
    chain.table === 'docker-bridges' || (chain.table === 'nat' && /^(?:DOCKER$|NETAVARK-|CNI-)/.test(chain.name));
  return engines ? family : undefined;
}

/** A chain for each subnet, `.` written as `_` and `:` as `-`: nv_2f259bab_10_88_0_0_nm16, nv_2f259bab_fd00-1--_nm64. */
function netavarkFamily(name: string): Family | undefined {
  const subnet = /^nv_[0-9a-f]{1,8}_(.+)_nm\d+$/.exec(name)?.[1];
  if (subnet === undefined) return undefined;
  return subnet.includes('-') ? 'ipv6' : 'ipv4';
}
