import type { BackendId, BackendRequest } from '../backends/backend.ts';
import { BOOT_FILES, bootFiles } from '../backends/boot-files.ts';
import { presentFences } from '../backends/fences.ts';
import { script } from '../backends/nftables/script.ts';
import { PortfenceError } from '../errors.ts';
import type { EngineFacts } from '../observe/engines.ts';
import type { Setting } from '../plan/plan.ts';
import type { Policy } from '../policy/policy.ts';
import type { Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import type { Deadline } from './deadline.ts';
import { RUN_FOLDER } from './run-folder.ts';
import { readSetting } from './settings.ts';
import { hasStateShape } from './state-shape.ts';

/** What an apply wanted to be true: enough to restore it without another look. */
export interface Wanted {
  readonly policy: Policy;
  /** nftables where it is missing. */
  readonly backend?: { readonly id: BackendId; readonly asked: BackendRequest };
  /** The commands that make the rules where there are none. */
  readonly creation: readonly string[];
  /** A digest of what the kernel makes of them (`listingDigest`). */
  readonly listed?: string;
  readonly settings: readonly Pick<Setting, 'key' | 'value'>[];
  readonly uplinks: readonly string[];
  /** Milliseconds since the epoch. */
  readonly appliedAt: number;
}

/** An apply that is rolled back unless it is confirmed before the deadline. */
export interface Pending extends Deadline {
  readonly token: string;
  /** What to go back to; null is no fence. */
  readonly previous: Wanted | null;
}

/** What portfence remembers about one network namespace until the reboot, which also takes the rules. */
export interface State {
  readonly version: 1;
  /** What each setting was before the first fence; never a value of our own. */
  readonly before: Readonly<Record<string, string>>;
  /** Values of our own that each setting was given, so that a foreign value is known from them. */
  readonly ours: Readonly<Record<string, readonly string[]>>;
  readonly wanted: Wanted | null;
  /** What the container engines said when they last answered. */
  readonly engines?: readonly EngineFacts[];
  /** Families in which an engine masqueraded when its rules were last seen. */
  readonly engineNat?: readonly Family[];
  readonly pending?: Pending;
  /** Tables of iptables-nft that came into being with our rules: `ip nat`, `ip6 mangle POSTROUTING`. */
  readonly made?: readonly string[];
  /** Set while a removed fence still carries the connections that it mapped. */
  readonly draining?: { readonly since: number; readonly token: string };
  /**
   * The fence was removed on purpose (ms since the epoch) beside this agent (`PID@START`), which leaves it removed. A missing
   * file is no removal.
   */
  readonly removed?: { readonly at: number; readonly agent?: string };
}

export const NO_STATE: State = { version: 1, before: {}, ours: {}, wanted: null };

/**
 * The folder for this network namespace's state. The host's own is `/run/portfence`; another namespace has a folder of its
 * own in it, since rules and settings are each namespace's own. PORTFENCE_STATE_DIR overrides it.
 */
export async function stateFolder(system: System): Promise<string> {
  const given = system.env['PORTFENCE_STATE_DIR'];
  if (given) return given;
  const [init, own] = await Promise.all([
    system.linkTarget('/proc/1/ns/net').catch(() => undefined),
    system.linkTarget('/proc/self/ns/net'),
  ]);
  const number = /\[(\d+)\]/.exec(own ?? '')?.[1];
  return init === own || !number ? RUN_FOLDER : `${RUN_FOLDER}/net-${number}`;
}

/** Where the agent of this network namespace serves HTTP. */
export const agentSocket = async (system: System): Promise<string> => `${await stateFolder(system)}/agent.sock`;

export const STATE_FILE_NAME = 'state.json';
const stateFile = (folder: string): string => `${folder}/${STATE_FILE_NAME}`;
/** What a network ACL last said of the ports. */
export const aclPortsFile = (folder: string): string => `${folder}/acl-ports.json`;
/** The last 24 hours, as the agent saw them. */
export const historyFile = (folder: string): string => `${folder}/history.json`;
export const lockFile = (folder: string): string => `${folder}/lock`;

/** The remembered state, or an empty one. Throws STATE for a file that is not ours to read. */
export async function readState(system: System, folder: string): Promise<State> {
  const state = await storedState(system, folder);
  return (await isOfAnEarlierNamespace(system, folder, state)) ? NO_STATE : state;
}

/**
 * The kernel gives the number of a namespace that is gone to another one. What is remembered belongs to this one if its
 * fence is there, a setting that still has a value of ours, or the agent beside which it was removed. The host's own folder goes with the host, at a reboot.
 */
async function isOfAnEarlierNamespace(system: System, folder: string, state: State): Promise<boolean> {
  if (!folder.startsWith(`${RUN_FOLDER}/net-`) || state === NO_STATE) return false;
  if ((await presentFences(system)).length > 0) return false;
  const agent = state.removed?.agent;
  if (agent !== undefined && (await system.processIdentity(Number.parseInt(agent, 10))) === agent) return false;
  const settings = await Promise.all(
    Object.entries(state.ours).map(async ([key, values]) => values.includes(await readSetting(system, key))),
  );
  return !settings.includes(true);
}

/** The state file as it is, for a look without the lock; `NO_STATE` itself where there is none. Throws STATE. */
export async function storedState(system: System, folder: string): Promise<State> {
  const path = stateFile(folder);
  const text = await system.readText(path);
  if (text === undefined) return NO_STATE;
  try {
    const state: unknown = JSON.parse(text);
    if (isState(state)) return state;
  } catch {
    // Falls through to the one error for both.
  }
  throw new PortfenceError('STATE', `${path} is damaged or was written by another version`, {
    hint: `look at it, then delete it: \`portfence apply\` writes it anew (what the host's settings were before the fence is lost with it)`,
  });
}

const isState = (value: unknown): value is State => hasStateShape(value);

/** Writes the state and the rules that go with it; a file that reads so already is left alone. The caller holds the lock. */
export async function writeState(system: System, folder: string, state: State): Promise<void> {
  await writeIfDifferent(system, stateFile(folder), `${JSON.stringify(state, null, 2)}\n`);
  const rules = bootFiles(state.wanted?.creation ?? []);
  for (const name of BOOT_FILES) {
    const lines = rules.get(name);
    if (lines) await writeIfDifferent(system, `${folder}/${name}`, script(lines));
    else await system.remove(`${folder}/${name}`);
  }
}

async function writeIfDifferent(system: System, path: string, text: string): Promise<void> {
  if ((await system.readText(path)) !== text) await system.writeText(path, text);
}

/** Leaves no folder where nothing is remembered. The caller holds the lock. */
export async function forgetEmptyFolder(system: System, folder: string): Promise<void> {
  if ((await system.readText(stateFile(folder))) === undefined) await forgetState(system, folder);
}

/** A file that was being written when its writer was killed: NAME.PID.NUMBER.tmp. */
const HALF_WRITTEN = /\.(\d+)\.\d+\.tmp$/;

async function removeHalfWritten(system: System, folder: string): Promise<void> {
  for (const name of await system.list(folder)) {
    const writer = HALF_WRITTEN.exec(name)?.[1];
    if (writer === undefined || (await system.readText(`/proc/${writer}/cmdline`))) continue;
    await system.remove(`${folder}/${name}`);
  }
}

/** Forgets everything; the folder goes as well when nothing else is in it. The caller holds the lock. */
export async function forgetState(system: System, folder: string): Promise<void> {
  await system.remove(stateFile(folder));
  for (const name of BOOT_FILES) await system.remove(`${folder}/${name}`);
  await system.remove(aclPortsFile(folder));
  await system.remove(historyFile(folder));
  await removeHalfWritten(system, folder);
  await system.remove(lockFile(folder));
  await system.remove(folder);
  if (folder.startsWith(`${RUN_FOLDER}/`)) await system.remove(RUN_FOLDER);
}
