import { PortfenceError } from '../errors.ts';
import type { EngineFacts } from '../observe/engines.ts';
import { standalone } from '../plan/nftables/standalone.ts';
import type { Setting } from '../plan/plan.ts';
import type { Policy } from '../policy/policy.ts';
import type { Family } from '../ports.ts';
import type { System } from '../system/system.ts';
import type { BackendId, BackendRequest } from './backend.ts';
import { presentFences } from './fences.ts';
import { script } from './nft-script.ts';
import { readSetting } from './settings.ts';

/** What an apply wanted to be true: enough to bring it back without asking anybody. */
export interface Wanted {
  readonly policy: Policy;
  /** nftables where it is not told. */
  readonly backend?: { readonly id: BackendId; readonly asked: BackendRequest };
  /** The commands that make the rules where there are none. */
  readonly creation: readonly string[];
  readonly settings: readonly Pick<Setting, 'key' | 'value'>[];
  readonly uplinks: readonly string[];
  /** Milliseconds since the epoch. */
  readonly appliedAt: number;
}

/** An apply that is taken back unless it is confirmed before the deadline (ms since the epoch). */
export interface Pending {
  readonly token: string;
  readonly deadline: number;
  /** What to go back to; null is no fence. */
  readonly previous: Wanted | null;
}

/** What portfence remembers about one network namespace until the reboot, which also takes the rules. */
export interface State {
  readonly version: 1;
  /** What each setting was before the first fence; never a value of our own. */
  readonly before: Readonly<Record<string, string>>;
  /** Values of our own that each setting was given, so that a value of somebody else's is told apart from them. */
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
}

export const NO_STATE: State = { version: 1, before: {}, ours: {}, wanted: null };

const BASE = '/run/portfence';

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
  return init === own || !number ? BASE : `${BASE}/net-${number}`;
}

const stateFile = (folder: string): string => `${folder}/state.json`;
/** The wanted rules as a text for `nft -f` alone: a unit puts them back from it without us. */
const rulesFile = (folder: string): string => `${folder}/fence.nft`;
/** What a network ACL last said of the ports. */
export const aclPortsFile = (folder: string): string => `${folder}/acl-ports.json`;
export const lockFile = (folder: string): string => `${folder}/lock`;

/** The remembered state, or an empty one. Throws STATE for a file that is not ours to read. */
export async function readState(system: System, folder: string): Promise<State> {
  const state = await storedState(system, folder);
  return (await isOfAnEarlierNamespace(system, folder, state)) ? NO_STATE : state;
}

/**
 * The kernel gives the number of a namespace that is gone to another one. What is remembered belongs to this one if its
 * fence is there, or a setting that still has a value of ours. The host's own folder goes with the host, at a reboot.
 */
async function isOfAnEarlierNamespace(system: System, folder: string, state: State): Promise<boolean> {
  if (!folder.startsWith(`${BASE}/net-`) || state === NO_STATE) return false;
  if ((await presentFences(system)).length > 0) return false;
  const settings = await Promise.all(
    Object.entries(state.ours).map(async ([key, values]) => values.includes(await readSetting(system, key))),
  );
  return !settings.includes(true);
}

async function storedState(system: System, folder: string): Promise<State> {
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

function isState(value: unknown): value is State {
  return typeof value === 'object' && value !== null && 'version' in value && value.version === 1 && 'before' in value;
}

export async function writeState(system: System, folder: string, state: State): Promise<void> {
  await system.writeText(stateFile(folder), `${JSON.stringify(state, null, 2)}\n`);
  const rules = state.wanted?.creation ?? [];
  if (rules.some((line) => line.startsWith('add table ')))
    await system.writeText(rulesFile(folder), script(standalone(rules)));
  else await system.remove(rulesFile(folder));
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
  await system.remove(rulesFile(folder));
  await system.remove(aclPortsFile(folder));
  await removeHalfWritten(system, folder);
  await system.remove(lockFile(folder));
  await system.remove(folder);
  if (folder.startsWith(`${BASE}/`)) await system.remove(BASE);
}
