/** What every service of portfence is made from. */
export interface ServiceOptions {
  readonly image: string;
  /** Further constraints of placement, as `docker service create` takes them. */
  readonly constraints: readonly string[];
}

/** A service of a stack file, as `docker stack deploy` takes it. */
export type Service = Readonly<Record<string, unknown>> & { readonly deploy: Readonly<Record<string, unknown>> };

/** A node with this label has a fence of its own, by a package: services leave it alone. */
const LEFT_ALONE = 'node.labels.portfence != host';

/** Where the node's own settings are: an engine mounts a container's /proc/sys read-only. */
const SETTINGS = '/host/proc/sys';

/**
 * What a service needs to change a node: the node's network, its /run at the same place (state, engine, namespaces as they come),
 * and its settings. SYS_ADMIN enters network namespaces and makes the empty one in which rules are tried; NET_RAW lists the rules
 * of iptables-legacy. Swarm gives a service neither the node's processes nor another AppArmor profile, and it needs neither.
 */
export function nodeService(
  { image, constraints }: ServiceOptions,
  { command, deploy }: { readonly command: readonly string[]; readonly deploy: Readonly<Record<string, unknown>> },
): Service {
  return {
    image,
    command: [...command],
    networks: ['host'],
    read_only: true,
    cap_drop: ['ALL'],
    cap_add: ['NET_ADMIN', 'SYS_ADMIN', 'NET_RAW'],
    environment: { PORTFENCE_STATE_DIR: '/run/portfence', PORTFENCE_PROC_SYS: SETTINGS },
    volumes: [
      { type: 'bind', source: '/run', target: '/run', bind: { propagation: 'rslave' } },
      { type: 'bind', source: '/proc/sys/net', target: `${SETTINGS}/net` },
      { type: 'tmpfs', target: '/tmp', tmpfs: { size: 16 * 1024 * 1024 } },
    ],
    deploy: {
      mode: 'global',
      placement: { constraints: ['node.platform.os == linux', LEFT_ALONE, ...constraints] },
      resources: { limits: { memory: '384M' } },
      ...deploy,
    },
  };
}
