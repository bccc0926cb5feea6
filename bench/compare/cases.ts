import { buildWith, DOWNLOADS, runOn } from './downloads.ts';
import type { Outcome } from './outcome.ts';
import { CONNECTIONS, connect, seenByPublished } from './probes.ts';
import type { Site } from './site.ts';

/** One row: something that a host with containers does. */
export interface Case {
  readonly name: string;
  readonly tried: string;
  /** Undefined where this machine can't try it. */
  try(site: Site): Promise<Outcome | undefined>;
}

const LATER = 'shop_default';
const downloads = `${DOWNLOADS} downloads`;
const connections = `${CONNECTIONS} connections`;
const flush = ['iptables', '-t', 'nat', '-F', 'POSTROUTING'] as const;

/** In this order in every world: the later ones change the host for good. */
export const CASES: readonly Case[] = [
  { name: '`docker build`, classic builder', tried: downloads, try: (site) => buildWith('classic', site) },
  {
    name: '`docker build`, BuildKit',
    tried: downloads,
    try: async (site) => (site.engine.buildKit ? buildWith('BuildKit', site) : undefined),
  },
  { name: 'container, TCP', tried: connections, try: (site) => connect(site, {}) },
  { name: 'container, UDP', tried: connections, try: (site) => connect(site, { protocol: 'udp' }) },
  { name: 'container, TCP over IPv6', tried: connections, try: (site) => connect(site, { family: 'ipv6' }) },
  {
    name: 'container, TCP from ports 1024-32767',
    tried: connections,
    try: (site) => connect(site, { ports: [1024, 32_767] }),
  },
  { name: "the host's own, TCP", tried: connections, try: (site) => connect(site, { from: 'host' }) },
  { name: "the host's own, UDP", tried: connections, try: (site) => connect(site, { from: 'host', protocol: 'udp' }) },
  {
    name: 'published port: which client address the container sees',
    tried: connections,
    try: (site) => seenByPublished(site),
  },
  {
    name: '`docker build` on a network created later',
    tried: downloads,
    try: async (site) => {
      await site.engine.expect(['network', 'create', LATER]);
      return buildWith('classic', site, ['--network', LATER]);
    },
  },
  { name: '`docker run` on a network created later', tried: downloads, try: (site) => runOn(LATER, site) },
  { name: 'container on the default bridge, TCP, after that', tried: connections, try: (site) => connect(site, {}) },
  {
    name: 'container, TCP, after `iptables -t nat -F POSTROUTING`',
    tried: connections,
    try: async (site) => {
      await site.onHost(flush);
      return connect(site, {});
    },
  },
];
