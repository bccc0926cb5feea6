/** What every kind of package says of the project. */
export const ABOUT = {
  name: 'portfence',
  summary: 'keeps connections of container hosts inside allowed source ports',
  description: [
    'A stateless network ACL lets answers back in only to some ports. portfence',
    'keeps every connection that leaves this host, from its containers or from',
    'itself, inside these source ports, by nftables or iptables rules and by the',
    "port range of each container's network namespace, and proves it with real",
    'packets. Installing it changes nothing on the network until a policy names',
    'the ports.',
  ],
  maintainer: 'portfence maintainers <maintainers@portfence.example.org>',
  licence: 'MIT',
} as const;
