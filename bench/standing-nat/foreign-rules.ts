/** The nat table of a node of Kubernetes by kube-proxy in mode iptables: services with two endpoints each, as so many rules in all. */
export function kubeProxyRules(count: number): string {
  const services = Math.max(1, Math.floor((count - 7) / 8));
  const chains: string[] = [];
  const rules: string[] = [];
  for (let i = 0; i < services; i += 1) {
    const [name, ip] = [i.toString(36).toUpperCase().padStart(16, 'A'), `10.96.${i >> 8}.${i & 255}`];
    const ends = [0, 1].map((end) => ({
      chain: `KUBE-SEP-${name.slice(0, 15)}${end}`,
      ip: `10.244.${(2 * i + end) >> 8}.${(2 * i + end) & 255}`,
    }));
    const comment = `-m comment --comment "default/service-${i}:http"`;
    chains.push(`KUBE-SVC-${name}`, ...ends.map(({ chain }) => chain));
    rules.push(
      `-A KUBE-SERVICES -d ${ip}/32 -p tcp ${comment} -m tcp --dport 80 -j KUBE-SVC-${name}`,
      `-A KUBE-SVC-${name} ! -s 10.244.0.0/16 -d ${ip}/32 -p tcp ${comment} -m tcp --dport 80 -j KUBE-MARK-MASQ`,
      `-A KUBE-SVC-${name} ${comment} -m statistic --mode random --probability 0.5 -j ${ends[0]?.chain}`,
      `-A KUBE-SVC-${name} ${comment} -j ${ends[1]?.chain}`,
      ...ends.flatMap(({ chain, ip: pod }) => [
        `-A ${chain} -s ${pod}/32 ${comment} -j KUBE-MARK-MASQ`,
        `-A ${chain} -p tcp ${comment} -m tcp -j DNAT --to-destination ${pod}:8080`,
      ]),
    );
  }
  const declared = ['KUBE-SERVICES', 'KUBE-MARK-MASQ', 'KUBE-POSTROUTING', ...chains].map(
    (chain) => `:${chain} - [0:0]`,
  );
  return natTable(declared, [
    '-A PREROUTING -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A OUTPUT -m comment --comment "kubernetes service portals" -j KUBE-SERVICES',
    '-A POSTROUTING -m comment --comment "kubernetes postrouting rules" -j KUBE-POSTROUTING',
    '-A KUBE-MARK-MASQ -j MARK --set-xmark 0x4000/0x4000',
    '-A KUBE-POSTROUTING -m mark ! --mark 0x4000/0x4000 -j RETURN',
    '-A KUBE-POSTROUTING -j MARK --set-xmark 0x4000/0x0',
    '-A KUBE-POSTROUTING -m comment --comment "kubernetes service traffic requiring SNAT" -j MASQUERADE --random-fully',
    ...rules,
  ]);
}

/** Source NAT alone: a source address for each of so many customers, none of them the container's, which the last rule masquerades. */
export function sourceNatRules(count: number): string {
  const rules = Array.from(
    { length: count - 1 },
    (_, i) =>
      `-A POSTROUTING -s 10.${64 + (i >> 8)}.${i & 255}.0/24 -o eth0 -j SNAT --to-source 198.51.100.${100 + (i % 100)}`,
  );
  return natTable([], [...rules, '-A POSTROUTING -s 172.17.0.0/16 ! -o docker0 -j MASQUERADE']);
}

function natTable(declared: readonly string[], rules: readonly string[]): string {
  const base = ['PREROUTING', 'INPUT', 'OUTPUT', 'POSTROUTING'].map((chain) => `:${chain} ACCEPT [0:0]`);
  return ['*nat', ...base, ...declared, ...rules, 'COMMIT', ''].join('\n');
}
