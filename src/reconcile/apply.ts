import type { BackendRequest } from '../backends/backend.ts';
import { presentFences } from '../backends/fences.ts';
import { removeEmptied, tablesToBeMade } from '../backends/iptables/emptied.ts';
import type { FenceListing } from '../backends/listing.ts';
import { listingDigest } from '../backends/listing-digest.ts';
import { PortfenceError } from '../errors.ts';
import { KERNEL_EPHEMERAL, kernelRangeText } from '../plan/given-ports.ts';
import type { Setting } from '../plan/plan.ts';
import type { System } from '../system/system.ts';
import { check, commit } from './commit.ts';
import { dropHangingFlows } from './hanging.ts';
import { locked } from './locked.ts';
import { keepPending, type Rollback, rollBackIfOverdue, schedule } from './rollback.ts';
import { settingsDrift } from './settings.ts';
import { readState, type State, type Wanted, writeState } from './state.ts';
import { type PolicySource, type Survey, survey } from './survey.ts';
import { writeSettings } from './write-settings.ts';

export interface ApplyOptions {
  readonly policy: PolicySource;
  readonly dockerHost?: string | undefined;
  /** As the last apply was asked unless given; `auto` where there was none. */
  readonly backend?: BackendRequest | undefined;
  /** Seconds until the apply takes itself back unless it is confirmed. */
  readonly confirmSeconds?: number | undefined;
  /** Learns what is about to be done, before anything is changed. */
  readonly onSurvey?: ((survey: Survey) => void) | undefined;
  readonly say: (line: string) => void;
}

export interface Applied {
  readonly changed: boolean;
  readonly survey: Survey;
  /** What is recorded now. */
  readonly state: State;
  /** The fence as it was read back. */
  readonly present: FenceListing | undefined;
  /**
   * Connections that hung and were dropped, so that their next packet is mapped; `left` were too many.
   */
  readonly hanging: { readonly dropped: number; readonly left: number };
  readonly rollback: Rollback | undefined;
  readonly confirmSeconds: number | undefined;
}

/**
 * Makes the plan true: checks it, commits it in one transaction, writes the settings, reads the kernel back.
 * Sends nothing when the kernel already is as planned. Throws LOCKED, NOT_ROOT, TOOL_MISSING, KERNEL_REFUSED, and
 * KERNEL_DIFFERS where the kernel reads back as something else.
 */
export function apply(system: System, options: ApplyOptions): Promise<Applied> {
  return locked(system, options.say, async (folder) =>
    applyLocked(system, folder, await readState(system, folder), options),
  );
}

/**
 * The same for a caller that holds the lock and has read the state under it. With `keepHangingFlows` the caller drops flows
 * that hang, since that takes a second and needs no lock. `onDrift` learns how the kernel differs, before it is changed.
 */
export async function applyLocked(
  system: System,
  folder: string,
  state: State,
  options: ApplyOptions & {
    readonly keepHangingFlows?: boolean;
    readonly onDrift?: (drift: readonly string[]) => Promise<void>;
  },
): Promise<Applied> {
  const standing = await rollBackIfOverdue(system, folder, state);
  const found = await survey(system, { ...options, state: standing });
  const changed = found.script.length > 0;
  options.onSurvey?.(found);
  await options.onDrift?.(found.drift);
  await check(system, found.parts);
  const rollback = await keepPending(system, { state: standing, seconds: options.confirmSeconds, changed });
  // Written first: after a crash between here and the end the next apply or remove knows what was before.
  const made = await madeFor(system, standing, found);
  const next = { ...nextState({ ...standing, made }, found, rollback), wanted: wantedOf(system, standing, found) };
  await writeState(system, folder, next);
  if (rollback) await schedule(system, rollback);
  await commit(system, found.parts);
  await writeSettings(system, found.settings);
  const present = changed ? await readBack(system, found) : found.present;
  if (found.otherBackends.includes('iptables-nft')) await removeEmptied(system, standing.made ?? []);
  const drops = changed && !options.keepHangingFlows;
  const hanging = drops ? await dropHangingFlows(system, found, options.say) : { dropped: 0, left: 0 };
  return { changed, survey: found, state: next, present, hanging, rollback, confirmSeconds: options.confirmSeconds };
}

/** As it was before where nothing of it has changed, so that the state file stays as it is. */
function wantedOf(system: System, state: State, found: Survey): Wanted {
  const wanted = {
    policy: found.policy,
    backend: { id: found.backend.id, asked: found.backendAsked },
    creation: found.creation,
    listed: listingDigest(found.wanted),
    settings: found.plan.settings.map(({ key, value }) => ({ key, value })),
    uplinks: found.plan.uplinks.mode === 'these' ? found.plan.uplinks.names : [],
  };
  const { appliedAt = system.now(), ...before } = state.wanted ?? {};
  const isSame = JSON.stringify(before) === JSON.stringify(wanted);
  return { ...wanted, appliedAt: isSame ? appliedAt : system.now() };
}

function nextState(state: State, found: Survey, rollback: Rollback | undefined): Omit<State, 'wanted'> {
  const before = Object.fromEntries(
    found.plan.settings.map((setting) => [setting.key, state.before[setting.key] ?? beforeUs(setting, found)]),
  );
  const ours = Object.fromEntries(
    found.plan.settings.map(({ key, value }) => [key, [...new Set([...(state.ours[key] ?? []), value])]]),
  );
  return {
    version: 1,
    before: { ...state.before, ...before },
    ours: { ...state.ours, ...ours },
    engines: found.engines.filter(({ unreachable }) => unreachable === undefined),
    engineNat: found.facts.engineNat,
    ...(state.made && state.made.length > 0 ? { made: state.made } : {}),
    ...(rollback ? { pending: rollback } : {}),
  };
}

/** The tables that come with our rules; recorded before the first of them is made. */
async function madeFor(system: System, state: State, { backend, present }: Survey): Promise<readonly string[]> {
  if (backend.id !== 'iptables-nft') return [];
  return state.made ?? (present ? [] : await tablesToBeMade(system));
}

/** What the kernel starts with (af_inet.c), for a fence whose state was lost: its own value is not what was before it. */
const KERNEL_DEFAULT: Readonly<Record<Setting['key'], string>> = {
  'net.ipv4.ip_local_port_range': kernelRangeText(KERNEL_EPHEMERAL),
  'net.ipv4.ip_local_reserved_ports': '',
};

function beforeUs({ key, value, before }: Setting, { present }: Survey): string {
  return present && before === value ? KERNEL_DEFAULT[key] : before;
}

/** The fence as the kernel has it now. Throws KERNEL_DIFFERS where rules or settings are not as planned. */
async function readBack(system: System, { backend, wanted, plan }: Survey): Promise<FenceListing | undefined> {
  const fences = await presentFences(system);
  const ours = fences.find((fence) => fence.backend.id === backend.id);
  const drift = [
    ...backend.drift(wanted, ours?.listing),
    ...fences
      .filter((fence) => fence !== ours)
      .map((fence) => `rules of the backend ${fence.backend.id} are still there`),
    ...(await settingsDrift(system, plan.settings)),
  ];
  if (drift.length === 0) return ours?.listing;
  throw new PortfenceError('KERNEL_DIFFERS', 'the kernel took the rules but reads back as something else', {
    detail: drift.join('\n'),
    hint: 'another program may be changing rules at the same time: try again',
  });
}
