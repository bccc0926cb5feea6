/** Where an installation keeps what it wrote, each under the root that it was installed into. */
export const FOLDER = '/etc/portfence';
export const POLICY_FILE = `${FOLDER}/policy.yaml`;
/** The fence as a text for `nft -f`. */
export const RULES_FILE = `${FOLDER}/fence.nft`;
/** What the host's settings were before the fence, for the state that a reboot takes away. */
export const STATE_FILE = `${FOLDER}/state.json`;
/** What was written, so that what somebody has changed since is told apart from it. */
export const MANIFEST_FILE = `${FOLDER}/installed.json`;
export const SYSCTL_FILE = '/etc/sysctl.d/60-portfence.conf';
export const SERVICES = ['portfence.service', 'portfence-agent.service'] as const;
type ServiceName = (typeof SERVICES)[number];
export const unitFile = (name: ServiceName): string => `/etc/systemd/system/${name}`;
