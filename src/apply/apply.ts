import { PortfenceError } from '../errors.ts';
import type { Setting } from '../plan/plan.ts';
import type { BackendRequest } from '../survey/backend.ts';
import { presentFences } from '../survey/fences.ts';
import { readState, type State, type Wanted, writeState } from '../survey/state.ts';
import { type PolicySource, type Survey, survey } from '../survey/survey.ts';
import type { System } from '../system/system.ts';
import { check, commit } from './commit.ts';
import { removeEmptied, tablesToBeMade } from './emptied.ts';
import { dropHanging } from './hanging.ts';
import { locked } from './locked.ts';
import { keepPending, type Rollback, schedule } from './rollback.ts';
import { writeSettings } from './settings.ts';

export interface ApplyOptions {
  readonly policy: PolicySource;
  readonly dockerHost?: string | undefined;
  /** As the last apply was asked unless given; `auto` where there was none. */
  readonly backend?: BackendRequest | undefined;
  /** Seconds until the apply takes itself back unless it is confirmed. */
  readonly confirmSeconds?: number | undefined;
  readonly say: (line: string) => void;
}

export interface Applied {
  readonly changed: boolean;
  readonly survey: Survey;
  /** Connections that hung and were let go, so that their next packet is mapped; `left` were too many to look for. */
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
 * The same for a caller that holds the lock and has read the state under it. With `leaveHanging` connections that hang are the
 * caller's, since letting go of them takes a second and needs no lock.
 */
export async function applyLocked(
  system: System,
  folder: string,
  state: State,
  options: ApplyOptions & { readonly leaveHanging?: boolean },
): Promise<Applied> {
  const found = await survey(system, { ...options, state });
  const changed = found.script.length > 0;
  await check(system, found.parts);
  const rollback = keepPending(system, state, options.confirmSeconds, changed);
  // Written first: whoever dies between here and the end has told the next one what was before.
  const made = await madeFor(system, state, found);
  await writeState(system, folder, nextState(system, { ...state, made }, found, rollback));
  if (rollback) await schedule(system, rollback);
  await commit(system, found.parts);
  await writeSettings(system, found.settings);
  if (changed) await readBack(system, found);
  if (found.besides.includes('iptables-nft')) await removeEmptied(system, state.made ?? []);
  const look = changed && !options.leaveHanging;
  const hanging = look ? await dropHanging(system, found, options.say) : { dropped: 0, left: 0 };
  return { changed, survey: found, hanging, rollback, confirmSeconds: options.confirmSeconds };
}

function nextState(system: System, state: State, found: Survey, rollback: Rollback | undefined): State {
  const before = Object.fromEntries(
    found.plan.settings.map((setting) => [setting.key, state.before[setting.key] ?? beforeUs(setting, found)]),
  );
  const ours = Object.fromEntries(
    found.plan.settings.map(({ key, value }) => [key, [...new Set([...(state.ours[key] ?? []), value])]]),
  );
  const wanted: Wanted = {
    policy: found.policy,
    backend: { id: found.backend.id, asked: found.backendAsked },
    creation: found.creation,
    settings: found.plan.settings.map(({ key, value }) => ({ key, value })),
    uplinks: found.plan.uplinks.mode === 'these' ? found.plan.uplinks.names : [],
    appliedAt: system.now(),
  };
  return {
    version: 1,
    before: { ...state.before, ...before },
    ours: { ...state.ours, ...ours },
    wanted,
    engines: found.engines.filter(({ unreachable }) => unreachable === undefined),
    engineNat: found.facts.engineNat,
    ...(state.made && state.made.length > 0 ? { made: state.made } : {}),
    ...(rollback ? { pending: rollback } : {}),
  };
}

/** What is remembered of the tables that came with our rules; told before the first of them. */
async function madeFor(system: System, state: State, { backend, present }: Survey): Promise<readonly string[]> {
  if (backend.id !== 'iptables-nft') return [];
  return state.made ?? (present ? [] : await tablesToBeMade(system));
}

/** What the kernel starts with (af_inet.c), for a fence whose state was lost: its own value is not what was before it. */
const KERNEL_DEFAULT: Readonly<Record<Setting['key'], string>> = {
  'net.ipv4.ip_local_port_range': '32768\t60999',
  'net.ipv4.ip_local_reserved_ports': '',
};

function beforeUs({ key, value, before }: Setting, { present }: Survey): string {
  return present && before === value ? KERNEL_DEFAULT[key] : before;
}

async function readBack(system: System, { backend, wanted }: Survey): Promise<void> {
  const fences = await presentFences(system);
  const ours = fences.find((fence) => fence.backend.id === backend.id);
  const drift = [
    ...backend.drift(wanted, ours?.listing),
    ...fences
      .filter((fence) => fence !== ours)
      .map((fence) => `rules of the backend ${fence.backend.id} are still there`),
  ];
  if (drift.length === 0) return;
  throw new PortfenceError('KERNEL_DIFFERS', 'the kernel took the rules but reads back as something else', {
    detail: drift.join('\n'),
    hint: 'somebody else may be changing rules at the same time: try again',
  });
}
