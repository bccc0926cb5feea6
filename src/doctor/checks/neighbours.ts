import type { DoctorCheck } from '../check.ts';

/** Programs that make rules of their own, and what their presence means. */
const NEIGHBOURS: readonly { readonly name: string; readonly sign: RegExp; readonly meaning: string }[] = [
  {
    name: 'firewalld',
    sign: /^(?:inet|ip|ip6) firewalld$/,
    meaning: 'a reload makes its tables anew; its masquerade is followed within moments where the agent runs',
  },
  {
    name: 'ufw',
    sign: /\bufw-/,
    meaning: 'it filters and does not translate unless before.rules say so; what they say is followed',
  },
  {
    name: 'Calico',
    sign: /\bcali-/,
    meaning: 'its NAT asks sets of addresses, which can not be followed: set natPortRange to the range',
  },
  {
    name: 'Tailscale',
    sign: /\bts-(?:postrouting|forward)$/,
    meaning: 'its own socket keeps its port (41641), and subnet routes are followed by their mark',
  },
];

export const neighbourChecks: readonly DoctorCheck[] = NEIGHBOURS.map(({ name, sign, meaning }) => ({
  name: `neighbour-${name.toLowerCase()}`,
  find: ({ symptoms }) => {
    const seen = symptoms.chains.filter((chain) => sign.test(chain));
    if (seen.length === 0) return [];
    return [
      {
        severity: 'note',
        summary: `${name} makes rules on this host`,
        evidence: seen.slice(0, 3),
        remedy: meaning,
      },
    ];
  },
}));
