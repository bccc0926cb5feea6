import { BOOT_FILES, type BootFile } from '../backends/boot-files.ts';

/** Where an installation keeps what it wrote, each under the root that it was installed into. */
export const FOLDER = '/etc/portfence';
/** The policy, where no flag names another; the agent follows it. */
export const POLICY_FILE = `${FOLDER}/policy.yaml`;
/** The fence for one of the programs that load it at boot. */
export const rulesFile = (name: BootFile): string => `${FOLDER}/${name}`;
/** The fence as a text for `nft -f`. */
export const RULES_FILE = rulesFile('fence.nft');
/** Whichever there are. */
export const RULES_FILES = BOOT_FILES.map(rulesFile);
/** What the host's settings were before the fence, for the state that a reboot takes away. */
export const STATE_FILE = `${FOLDER}/state.json`;
/** What was written, to know what was changed since. */
export const MANIFEST_FILE = `${FOLDER}/installed.json`;
/** The host's own port range, for systemd-sysctl (sysctl.d(5)). */
export const SYSCTL_FILE = '/etc/sysctl.d/60-portfence.conf';
/** The units: the fence first, then the agent. */
export const SERVICES = ['portfence.service', 'portfence-agent.service'] as const;
export type ServiceName = (typeof SERVICES)[number];
export const unitFile = (name: ServiceName): string => `/etc/systemd/system/${name}`;
/** Where a package puts the same units; the folder above goes before it (systemd.unit(5), "Unit File Load Path"). */
const PACKAGED_UNITS = '/usr/lib/systemd/system';
export const packagedUnitFile = (name: ServiceName): string => `${PACKAGED_UNITS}/${name}`;
/** The program that a package installs. */
export const PACKAGED_PROGRAM = '/usr/bin/portfence';
/** Where systemctl puts its links when it enables the units (systemd.unit(5)). */
export const ENABLING_FOLDERS = [
  '',
  '/sysinit.target.wants',
  '/nftables.service.wants',
  '/multi-user.target.wants',
].map((name) => `/etc/systemd/system${name}`);
