import type { BackendId } from '../backends/backend.ts';
import { restoreArguments } from '../backends/iptables/render.ts';
import type { Variant } from '../backends/iptables/rules.ts';
import { RUN_FOLDER } from '../reconcile/run-folder.ts';
import { FOLDER, POLICY_FILE, RULES_FILE, SERVICES, STATE_FILE, SYSCTL_FILE } from './paths.ts';
import { quoted } from './quoting.ts';

/** Everything that starts containers, or links that containers use. Names that this host does not have do no harm. */
const ENGINES = [
  ...['docker.service', 'docker.socket', 'containerd.service', 'podman.service', 'podman.socket'],
  ...['podman-restart.service', 'crio.service', 'kubelet.service', 'k3s.service', 'k3s-agent.service', 'nomad.service'],
];

/**
 * A constant: the fence as it was wanted last, else as it was installed; a table that is in the way of both goes. It needs
 * nft and nothing of ours.
 */
const LOAD = `/bin/sh -c '[ -e ${RUN_FOLDER}/fence.nft ] && nft -f ${RUN_FOLDER}/fence.nft && exit; nft -f ${RULES_FILE} && exit; nft delete table inet portfence; exec nft -f ${RULES_FILE}'`;

/** The same for iptables, by family that the kernel has; rules of ours that stand already are left to the agent. A dollar is doubled for systemd. */
const loadByIptables = (variant: Variant): string => {
  const load = `$$tool-${variant}-restore ${restoreArguments.join(' ')}`;
  return [
    `/bin/sh -c 'failed=0; for tool in iptables ip6tables; do`,
    ...(variant === 'legacy' ? ['[ $$tool = iptables ] || [ -e /proc/net/if_inet6 ] || continue;'] : []),
    `$$tool-${variant}-save | grep -q PORTFENCE && continue;`,
    `for file in ${RUN_FOLDER}/fence.$$tool ${FOLDER}/fence.$$tool; do`,
    `[ -e $$file ] && ${load} <$$file && continue 2; done;`,
    `[ -e ${FOLDER}/fence.$$tool ] && failed=1; done; exit $$failed'`,
  ].join(' ');
};

/** What the programs of a backend need of the unit that runs them. */
interface Programs {
  readonly load: string;
  readonly capabilities: readonly string[];
  readonly addressFamilies: readonly string[];
  readonly more: readonly string[];
  /** What they need to see of /proc (systemd.exec(5), ProcSubset=). */
  readonly proc: 'all' | 'pid';
}

/** Every program of iptables-legacy takes this lock, asks the kernel over a raw socket, and reads which tables there are in /proc/net. */
const LEGACY_LOCK = '/run/xtables.lock';
/** A constant: makes the lock where there is none, with the label that SELinux wants at this path, not the one of its folder. */
const MAKE_LOCK = `/bin/sh -c '[ -e ${LEGACY_LOCK} ] || { touch ${LEGACY_LOCK}; restorecon ${LEGACY_LOCK} 2>/dev/null; }; exit 0'`;
const PROGRAMS: Readonly<Record<BackendId, Programs>> = {
  nftables: { load: LOAD, capabilities: [], addressFamilies: [], more: [], proc: 'pid' },
  'iptables-nft': { load: loadByIptables('nft'), capabilities: [], addressFamilies: [], more: [], proc: 'pid' },
  'iptables-legacy': {
    load: loadByIptables('legacy'),
    capabilities: ['CAP_NET_RAW'],
    addressFamilies: ['AF_INET', 'AF_INET6'],
    more: [`ExecStartPre=+${MAKE_LOCK}`, `ReadWritePaths=-${LEGACY_LOCK}`],
    proc: 'all',
  },
};

/** What both may not do (systemd.exec(5)), whatever they run. */
const CONFINEMENT = [
  'UMask=0077',
  `RuntimeDirectory=portfence`,
  'RuntimeDirectoryMode=0700',
  'RuntimeDirectoryPreserve=yes',
  'NoNewPrivileges=yes',
  'ProtectSystem=strict',
  'PrivateDevices=yes',
  'ProtectClock=yes',
  'ProtectControlGroups=yes',
  'ProtectHostname=yes',
  'ProtectKernelLogs=yes',
  'ProtectKernelModules=yes',
  'ProtectKernelTunables=yes',
  'ProtectProc=invisible',
  'RestrictRealtime=yes',
  'RestrictSUIDSGID=yes',
  'LockPersonality=yes',
  'KeyringMode=private',
  'SystemCallArchitectures=native',
  'SystemCallFilter=@system-service',
  'SystemCallFilter=~@privileged @resources',
  'SystemCallErrorNumber=EPERM',
];
/** Nothing is fenced until an installation wrote the rules. */
const ANY_RULES = `ConditionPathExistsGlob=${FOLDER}/fence.*`;
const OFF_THE_NETWORK = 'IPAddressDeny=any';

/** The fence itself: loaded before anything starts a container, by the backend's programs alone, and kept when the unit stops; nftables unless given. */
export function fenceUnit(backend: BackendId = 'nftables'): readonly string[] {
  const { load, capabilities, addressFamilies, more, proc } = PROGRAMS[backend];
  return [
    '[Unit]',
    'Description=portfence: the source ports of what leaves this host',
    'DefaultDependencies=no',
    '# A restart of nftables.service flushes every table: this unit is restarted behind it and puts the fence back.',
    'After=local-fs.target systemd-modules-load.service systemd-sysctl.service nftables.service',
    'PartOf=nftables.service',
    'ReloadPropagatedFrom=nftables.service',
    'Wants=network-pre.target',
    `Before=network-pre.target ${ENGINES.join(' ')} shutdown.target`,
    'Conflicts=shutdown.target',
    ANY_RULES,
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'StandardInput=null',
    `ExecStartPre=-/bin/cp --no-clobber ${STATE_FILE} ${RUN_FOLDER}/state.json`,
    ...more,
    `ExecStart=${load}`,
    `ExecReload=${load}`,
    '# No ExecStop: stopping this unit leaves the fence, since taking it away could cut connections. `portfence remove` does it.',
    `CapabilityBoundingSet=${['CAP_NET_ADMIN', ...capabilities].join(' ')}`,
    `RestrictAddressFamilies=${['AF_NETLINK', ...addressFamilies].join(' ')}`,
    'RestrictNamespaces=yes',
    'ProtectHome=yes',
    'PrivateTmp=yes',
    `ProcSubset=${proc}`,
    'MemoryDenyWriteExecute=yes',
    ...CONFINEMENT,
    OFF_THE_NETWORK,
    '',
    '[Install]',
    '# Stopping nftables.service stops this unit as well; starting it again starts it behind.',
    'WantedBy=sysinit.target nftables.service',
  ];
}

/** How the unit starts the agent. */
export interface AgentCommand {
  /** What runs portfence, absolute paths, resolved: the executable, or a Node and the launcher. */
  readonly program: readonly string[];
  /** Further arguments of `portfence agent`. */
  readonly args: readonly string[];
  /** The policy has it ask the cloud for the network ACL, or serve on an address. */
  readonly usesNetwork?: boolean;
}

/** The agent: heals within milliseconds and gives containers their range. The fence stands without it. */
export function agentUnit({ program, args, usesNetwork = false }: AgentCommand): readonly string[] {
  // Whatever holds the fence: rules of others may stand in iptables-legacy at any time, and are read by its programs.
  const { capabilities, addressFamilies, more } = PROGRAMS['iptables-legacy'];
  const command = [...program, 'agent', '--policy', POLICY_FILE, ...args];
  const lies = (...folders: readonly string[]): boolean =>
    program.some((path) => folders.some((folder) => path.startsWith(`${folder}/`)));
  return [
    '[Unit]',
    'Description=portfence agent: keeps the fence true and gives containers the allowed ports',
    `Wants=${SERVICES[0]}`,
    `After=${SERVICES[0]}`,
    `ConditionPathExists=${POLICY_FILE}`,
    '# `portfence install systemd` wrote it: until then nothing is fenced.',
    ANY_RULES,
    '',
    '[Service]',
    'Type=notify',
    '# systemd-notify tells, a child of the agent.',
    'NotifyAccess=all',
    ...more,
    `ExecStart=${command.map(quoted).join(' ')}`,
    'ExecReload=/bin/kill -HUP $MAINPID',
    'Restart=always',
    'RestartSec=1',
    'TimeoutStartSec=60',
    'TimeoutStopSec=15',
    'WatchdogSec=120',
    `Environment=PORTFENCE_STATE_DIR=${RUN_FOLDER}`,
    '# CAP_SYS_ADMIN enters the network namespaces of containers and makes the empty one in which rules are tried.',
    '# CAP_SYS_PTRACE shows which process listens on the socket of an engine: one that systemd would start is not asked.',
    '# CAP_NET_RAW and AF_INET are for the programs of iptables-legacy, which list rules over a raw socket.',
    `CapabilityBoundingSet=${['CAP_NET_ADMIN', 'CAP_SYS_ADMIN', 'CAP_SYS_PTRACE', ...capabilities].join(' ')}`,
    `RestrictAddressFamilies=${['AF_UNIX', 'AF_NETLINK', ...addressFamilies].join(' ')}`,
    'RestrictNamespaces=net',
    'ReadWritePaths=/proc/sys/net',
    `ProtectHome=${lies('/home', '/root', '/run/user') ? 'read-only' : 'yes'}`,
    `PrivateTmp=${lies('/tmp', '/var/tmp') ? 'no' : 'yes'}`,
    ...CONFINEMENT,
    ...(usesNetwork ? [] : [OFF_THE_NETWORK]),
    '',
    '[Install]',
    'WantedBy=multi-user.target',
  ];
}

/** The host's own settings, which systemd-sysctl.service sets at every boot (sysctl.d(5)). */
export function sysctlLines(
  settings: readonly { readonly key: string; readonly value: string }[],
  writer: 'systemd' | 'cloud-init' = 'systemd',
): readonly string[] {
  return [
    `# ${SYSCTL_FILE}: written by \`portfence install ${writer}\`; \`portfence uninstall\` removes it.`,
    ...settings.map(({ key, value }) => `${key} = ${value.replaceAll('\t', ' ')}`),
  ];
}
