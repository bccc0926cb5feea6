import * as z from 'zod/mini';
import { FAMILIES, PROTOCOLS } from '../ports.ts';

/** What editors show about a key: beside the schema, not in it, because only the JSON Schema and the rendered policy need it. */
export const described = z.registry<{ description: string; pattern?: string; minimum?: number; maximum?: number }>();

const RANGE_PATTERN = '^[1-9][0-9]{0,4}(\\s*-\\s*[1-9][0-9]{0,4})?$';

const rangeFrom = (lowest: number) =>
  z.union([
    z.int().register(described, { description: 'One port.', minimum: lowest, maximum: 65_535 }),
    z.string().register(described, { description: 'A range, both ends included.', pattern: RANGE_PATTERN }),
  ]);
const ports = rangeFrom(1024);
const sourcePorts = rangeFrom(1);
const cidr = z.string().register(described, { description: 'An address block without host bits: 10.0.0.0/8.' });
const interfaceNames = z.array(z.string()).check(z.minLength(1));

/** The shape of `exempt`. */
export const exemptSchema = z.strictObject({
  destinations: z
    ._default(z.array(cidr), [])
    .register(described, { description: 'Addresses and blocks that are reached without the fence, IPv4 and IPv6.' }),
  sourcePorts: z
    ._default(z.union([sourcePorts, z.array(sourcePorts)]), [])
    .register(described, { description: 'Source ports, or ranges of them, that keep what they are.' }),
});

/** The shape of `containers`. */
export const containersSchema = z.strictObject({
  native: z._default(z.boolean(), true).register(described, {
    description: 'Whether the agent gives each container the allowed range as its own ephemeral range.',
  }),
  timestamps: z._default(z.enum(['shared', 'random']), 'shared').register(described, {
    description: 'TCP timestamps of containers: shared lets a port be used again quickly, random hides the uptime.',
  }),
  interfaces: z._default(z.union([z.literal('auto'), interfaceNames]), 'auto').register(described, {
    description:
      'Interfaces that containers arrive on: auto (what the engines make), or names and globs that end in *.',
  }),
  routed: z._default(z.union([z.literal('auto'), z.array(cidr)]), 'auto').register(described, {
    description: 'Container blocks that keep their address: auto (what the engines say), or a list of blocks.',
  }),
});

const aclPortsSchema = z.strictObject({
  acl: z.string().check(z.minLength(1)).register(described, {
    description:
      'auto: what EC2 tells of this host; or a file of network ACLs, beside the policy unless its path begins with /.',
  }),
  subnet: z
    .optional(z.string())
    .register(described, { description: 'The subnet, where the file does not hold one ACL alone.' }),
  services: z._default(z.array(z.string()).check(z.minLength(1)), ['443/tcp']).register(described, {
    description: 'What answers have to come back from: port/protocol.',
  }),
  peers: z.optional(z.array(cidr).check(z.minLength(1))).register(described, {
    description: 'Whom connections go to, where that is not everywhere: addresses and blocks.',
  }),
  everyMinutes: z._default(z.int().check(z.gte(0), z.lte(1440)), 15).register(described, {
    description: 'Minutes after which the agent asks the network ACL again; 0: only when a file changes.',
    minimum: 0,
    maximum: 1440,
  }),
});

/** The shape of a policy file; the rules check the rest (ranges, address blocks, names). */
export const policySchema = z.strictObject({
  version: z._default(z.literal(1), 1).register(described, { description: 'The version of this format.' }),
  ports: z.union([ports, z.array(ports).check(z.minLength(1)), aclPortsSchema]).register(described, {
    description:
      'The allowed source ports, 1024 to 65535: one range, one port, or a list; or the network ACL that tells them.',
  }),
  protocols: z
    ._default(z.array(z.enum(PROTOCOLS)).check(z.minLength(1)), ['tcp', 'udp'])
    .register(described, { description: 'The protocols that are fenced.' }),
  families: z
    ._default(z.array(z.enum(FAMILIES)).check(z.minLength(1)), ['ipv4', 'ipv6'])
    .register(described, { description: 'The address families that are fenced.' }),
  uplinks: z._default(z.union([z.literal('auto'), interfaceNames]), 'auto').register(described, {
    description:
      'Interfaces towards the network: auto (those with a default route), or names and globs: [eth0, "ens*"].',
  }),
  exempt: z.prefault(exemptSchema, {}).register(described, { description: 'What the fence leaves alone.' }),
  host: z._default(z.enum(['ephemeral', 'all', 'off']), 'ephemeral').register(described, {
    description: "The host's own sockets: ephemeral ports only, all ports from 1024 up, or off.",
  }),
  hostRange: z._default(z.enum(['auto', 'always', 'never']), 'auto').register(described, {
    description: "Whether the host's own ip_local_port_range is set: auto does from 1,024 ports up.",
  }),
  containers: z.prefault(containersSchema, {}).register(described, { description: 'How containers are fenced.' }),
  forwarded: z._default(z.enum(['leave', 'keep-address', 'masquerade']), 'leave').register(described, {
    description: 'Forwarded traffic that is not of containers: left alone and counted, or fenced.',
  }),
  guard: z._default(z.enum(['count', 'drop', 'off']), 'count').register(described, {
    description: 'What happens to new connections that would still leave out of range.',
  }),
  listen: z.optional(z.string()).register(described, {
    description:
      'Where the agent serves metrics and its page besides its socket: an address and a port, 127.0.0.1:9469.',
  }),
});

/** A policy file with its defaults, before ranges and blocks are read. */
export type PolicyShape = z.output<typeof policySchema>;

/** Ports that come from a network ACL. */
export type AclPorts = z.output<typeof aclPortsSchema>;

/** Whether the policy takes its ports from a network ACL. */
export function isAclPorts(ports: PolicyShape['ports']): ports is AclPorts {
  return typeof ports === 'object' && 'acl' in ports;
}
