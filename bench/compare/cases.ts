import { buildWith, DOWNLOADS, runOn } from './downloads.ts';
import type { Outcome } from './outcome.ts';
import { CONNECTIONS, connect, seenByPublished } from './probes.ts';
import type { ComparisonSetup } from './setup.ts';

/** One row: something that a host with containers does. */
export interface Case {
  readonly name: string;
  readonly tried: string;
  /** Undefined where this machine can't try it. */
  try(setup: ComparisonSetup): Promise<Outcome | undefined>;
}

const LATER = 'shop_default';
const downloads = `${DOWNLOADS} downloads`;
const connections = `${CONNECTIONS} connections`;
const flush = ['iptables', '-t', 'nat', '-F', 'POSTROUTING'] as const;

/** In this order in every testbed: the later ones change the host for good. */
export const CASES: readonly Case[] = [
  { name: '`docker build`, classic builder', tried: downloads, try: (setup) => buildWith('classic', setup) },
  {
    name: '`docker build`, BuildKit',
    tried: downloads,
    try: async (setup) => (setup.engine.buildKit ? buildWith('BuildKit', setup) : undefined),
  },
  { name: 'container, TCP', tried: connections, try: (setup) => connect(setup, {}) },
  { name: 'container, UDP', tried: connections, try: (setup) => connect(setup, { protocol: 'udp' }) },
  { name: 'container, TCP over IPv6', tried: connections, try: (setup) => connect(setup, { family: 'ipv6' }) },
  {
    name: 'container, TCP from ports 1024-32767',
    tried: connections,
    try: (setup) => connect(setup, { ports: [1024, 32_767] }),
  },
  { name: "the host's own, TCP", tried: connections, try: (setup) => connect(setup, { from: 'host' }) },
  {
    name: "the host's own, UDP",
    tried: connections,
    try: (setup) => connect(setup, { from: 'host', protocol: 'udp' }),
  },
  {
    name: 'published port: which client address the container sees',
    tried: connections,
    try: (setup) => seenByPublished(setup),
  },
  {
    name: '`docker build` on a network created later',
    tried: downloads,
    try: async (setup) => {
      await setup.engine.expect(['network', 'create', LATER]);
      return buildWith('classic', setup, ['--network', LATER]);
    },
  },
  { name: '`docker run` on a network created later', tried: downloads, try: (setup) => runOn(LATER, setup) },
  { name: 'container on the default bridge, TCP, after that', tried: connections, try: (setup) => connect(setup, {}) },
  {
    name: 'container, TCP, after `iptables -t nat -F POSTROUTING`',
    tried: connections,
    try: async (setup) => {
      await setup.onHost(flush);
      return connect(setup, {});
    },
  },
];
