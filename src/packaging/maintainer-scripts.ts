import { FOLDER, MANIFEST_FILE, RULES_FILES, SERVICES, STATE_FILE, SYSCTL_FILE } from '../install/paths.ts';

const [FENCE, AGENT] = SERVICES;
const BOOTED = '[ -d /run/systemd/system ]';

/**
 * Shell lines that both package managers run as root. None of them fails: a service that does not start must not leave a
 * package half configured. The kernel keeps fence, connections and counters while files are replaced.
 */
export const AFTER_INSTALL = [
  `if ${BOOTED}; then`,
  '  systemctl daemon-reload || true',
  `  if ! systemctl try-restart ${AGENT}; then`,
  `    echo 'portfence: the agent did not start again; the fence stays. journalctl -u ${AGENT} tells why' >&2`,
  '  fi',
  'fi',
];

export const HINT = [
  "echo 'portfence: nothing is fenced yet. Name the allowed ports in /etc/portfence/policy.yaml, then run: portfence install systemd'",
];

/**
 * Before the program goes: fence and units are taken away, the policy stays. Where systemd does not run, as in an image that is
 * being made, only files are, since the kernel is that of another host.
 */
export const BEFORE_REMOVAL = [
  `if ${BOOTED}; then`,
  '  if ! portfence uninstall --keep-policy; then',
  "    echo 'portfence: the fence could not be taken away wholly; a reboot does' >&2",
  `    systemctl disable --now ${AGENT} ${FENCE} || true`,
  '  fi',
  'else',
  `  rm -f ${[...RULES_FILES, STATE_FILE, MANIFEST_FILE, SYSCTL_FILE].join(' ')}`,
  `  rm -f ${enabledLinks().join(' ')}`,
  'fi',
];

export const AFTER_REMOVAL = [`if ${BOOTED}; then systemctl daemon-reload || true; fi`];

/** What open connections still need after a removal (a chain, its state under /run) goes by itself when they have ended. */
export const PURGE = [
  `rm -f ${[...RULES_FILES, STATE_FILE, MANIFEST_FILE, SYSCTL_FILE].join(' ')}`,
  `rm -rf ${FOLDER}`,
];

/** The links of systemctl(1), see the units' [Install] sections. */
function enabledLinks(): readonly string[] {
  const links = { [FENCE]: ['sysinit.target', 'nftables.service'], [AGENT]: ['multi-user.target'] };
  return Object.entries(links).flatMap(([unit, targets]) =>
    targets.map((target) => `/etc/systemd/system/${target}.wants/${unit}`),
  );
}
