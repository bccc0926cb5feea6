import { POLICY_FILE, RULES_FILE, SERVICES, STATE_FILE, SYSCTL_FILE } from './paths.ts';
import { quoted } from './quoting.ts';

/** Everything that starts containers, or links that containers use. Names that this host does not have do no harm. */
const ENGINES = [
  ...['docker.service', 'docker.socket', 'containerd.service', 'podman.service', 'podman.socket'],
  ...['podman-restart.service', 'crio.service', 'kubelet.service', 'k3s.service', 'k3s-agent.service', 'nomad.service'],
];
const STATE = '/run/portfence';

/**
 * A constant: the fence as it was wanted last, else as it was installed; a table that is in the way of both goes. It needs
 * nft and nothing of ours.
 */
const LOAD = `/bin/sh -c '[ -e ${STATE}/fence.nft ] && nft -f ${STATE}/fence.nft && exit; nft -f ${RULES_FILE} && exit; nft delete table inet portfence; exec nft -f ${RULES_FILE}'`;

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
const OFF_THE_NETWORK = 'IPAddressDeny=any';

/** The fence itself: loaded before anything starts a container, by nft alone, and kept when the unit stops. */
export function fenceUnit(): readonly string[] {
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
    `ConditionPathExists=${RULES_FILE}`,
    '',
    '[Service]',
    'Type=oneshot',
    'RemainAfterExit=yes',
    'StandardInput=null',
    `ExecStartPre=-/bin/cp --no-clobber ${STATE_FILE} ${STATE}/state.json`,
    `ExecStart=${LOAD}`,
    `ExecReload=${LOAD}`,
    '# No ExecStop: stopping this unit leaves the fence, since taking it away could cut connections. `portfence remove` does it.',
    'CapabilityBoundingSet=CAP_NET_ADMIN',
    'RestrictAddressFamilies=AF_NETLINK',
    'RestrictNamespaces=yes',
    'ProtectHome=yes',
    'PrivateTmp=yes',
    'ProcSubset=pid',
    'MemoryDenyWriteExecute=yes',
    ...CONFINEMENT,
    OFF_THE_NETWORK,
    '',
    '[Install]',
    '# Stopping nftables.service stops this unit as well; starting it again starts it behind.',
    'WantedBy=sysinit.target nftables.service',
  ];
}

export interface AgentCommand {
  /** Absolute paths, resolved: the Node that runs it, and the launcher. */
  readonly node: string;
  readonly launcher: string;
  /** Further arguments of `portfence agent`. */
  readonly args: readonly string[];
  /** The policy has it ask the cloud for the network ACL, which takes the network. */
  readonly asksCloud?: boolean;
}

/** The agent: heals within milliseconds and gives containers their range. The fence stands without it. */
export function agentUnit({ node, launcher, args, asksCloud = false }: AgentCommand): readonly string[] {
  const command = [node, launcher, 'agent', '--policy', POLICY_FILE, ...args];
  const lies = (...folders: readonly string[]): boolean =>
    [node, launcher].some((path) => folders.some((folder) => path.startsWith(`${folder}/`)));
  return [
    '[Unit]',
    'Description=portfence agent: keeps the fence true and gives containers the allowed ports',
    `Wants=${SERVICES[0]}`,
    `After=${SERVICES[0]}`,
    `ConditionPathExists=${POLICY_FILE}`,
    '',
    '[Service]',
    'Type=notify',
    '# systemd-notify tells, a child of the agent.',
    'NotifyAccess=all',
    `ExecStart=${command.map(quoted).join(' ')}`,
    'ExecReload=/bin/kill -HUP $MAINPID',
    'Restart=always',
    'RestartSec=1',
    'TimeoutStartSec=60',
    'TimeoutStopSec=15',
    'WatchdogSec=120',
    '# It may not look at the first process, by which it would find this folder.',
    `Environment=PORTFENCE_STATE_DIR=${STATE}`,
    '# CAP_SYS_ADMIN enters the network namespaces of containers and makes the empty one in which rules are tried.',
    'CapabilityBoundingSet=CAP_NET_ADMIN CAP_SYS_ADMIN',
    `RestrictAddressFamilies=AF_UNIX AF_NETLINK${asksCloud ? ' AF_INET AF_INET6' : ''}`,
    'RestrictNamespaces=net',
    'ReadWritePaths=/proc/sys/net',
    `ProtectHome=${lies('/home', '/root', '/run/user') ? 'read-only' : 'yes'}`,
    `PrivateTmp=${lies('/tmp', '/var/tmp') ? 'no' : 'yes'}`,
    ...CONFINEMENT,
    ...(asksCloud ? [] : [OFF_THE_NETWORK]),
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
