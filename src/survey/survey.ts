import { type FenceListing, observeFence } from '../observe/fence.ts';
import { observeHost } from '../observe/observe-host.ts';
import { compile } from '../plan/compile.ts';
import type { HostFacts } from '../plan/facts.ts';
import { creation, nftTable } from '../plan/nftables/render.ts';
import { type Present, replacement } from '../plan/nftables/transaction.ts';
import type { Plan, Setting } from '../plan/plan.ts';
import type { Policy } from '../policy/policy.ts';
import { type PortRange, parsePorts } from '../ports.ts';
import type { System } from '../system/system.ts';
import { type Drift, driftBetween } from './drift.ts';
import { listingOf } from './scratch.ts';
import { readSetting, type SettingChange, settingLines } from './settings.ts';
import type { State } from './state.ts';

/** The policy for a host with these interfaces; throws what its stage throws. */
export type PolicySource = (interfaces: readonly string[]) => Policy;

export interface SurveyOptions {
  readonly policy: PolicySource;
  readonly dockerHost?: string | undefined;
  readonly state: State;
}

/** What ought to be true, what is, and what it takes to get from the one to the other. */
export interface Survey {
  readonly facts: HostFacts;
  readonly policy: Policy;
  readonly plan: Plan;
  /** Commands that make the table where there is none. */
  readonly creation: readonly string[];
  readonly counters: readonly string[];
  readonly wanted: FenceListing;
  readonly present: FenceListing | undefined;
  readonly drift: readonly Drift[];
  readonly settings: readonly SettingChange[];
  /** Exactly what apply pipes to nft; empty when there is nothing to do. */
  readonly script: readonly string[];
  readonly notes: readonly string[];
}

/** Observes, compiles and compares. Changes nothing. */
export async function survey(system: System, options: SurveyOptions): Promise<Survey> {
  const [present, host] = await Promise.all([
    observeFence(system),
    observeHost(system, { ...options, saved: savedFacts(options.state) }),
  ]);
  const policy = options.policy(host.facts.links.map((link) => link.name));
  const plan = compile(policy, host.facts);
  const table = nftTable(plan);
  const lines = creation(table);
  const [wanted, settings] = await Promise.all([listingOf(system, lines), settingChanges(system, plan, options.state)]);
  const drift = [...driftBetween(wanted, present), ...settings.map((change) => change.drift)];
  const rulesDiffer = driftBetween(wanted, present).length > 0;
  return {
    facts: host.facts,
    policy,
    plan,
    creation: lines,
    counters: table.counters,
    wanted,
    present,
    drift,
    settings,
    script: [
      ...settingLines(settings),
      ...(rulesDiffer ? replacement(lines, table.counters, present && presentNames(present)) : []),
    ],
    notes: [...host.notes, ...plan.notes],
  };
}

export function presentNames(listing: FenceListing): Present {
  const names = (all: readonly { readonly name: string }[]) => all.map(({ name }) => name);
  return { chains: names(listing.chains), sets: names(listing.sets), counters: names(listing.counters) };
}

/** What the state remembers from before the fence, as `observeHost` takes it. */
export function savedFacts(state: State): {
  localPortRange?: PortRange;
  reservedPorts?: ReturnType<typeof parsePorts>;
  lastUplinks?: readonly string[];
} {
  const range = /^(\d+)\s+(\d+)$/.exec(state.before['net.ipv4.ip_local_port_range'] ?? '');
  const reserved = state.before['net.ipv4.ip_local_reserved_ports'];
  return {
    ...(range ? { localPortRange: { from: Number(range[1]), to: Number(range[2]) } } : {}),
    ...(reserved === undefined ? {} : { reservedPorts: parsePorts(reserved) }),
    ...(state.wanted ? { lastUplinks: state.wanted.uplinks } : {}),
  };
}

/** Planned settings that are not in force, and settings of an earlier plan that go back to what they were. */
async function settingChanges(system: System, plan: Plan, state: State): Promise<readonly SettingChange[]> {
  const planned = await Promise.all(
    plan.settings.map(async (setting) => ({ setting, present: await readSetting(system, setting.key) })),
  );
  const stale = Object.entries(state.before)
    .filter(([key]) => !plan.settings.some((setting) => setting.key === key))
    .map(async ([key, before]) => ({ key: key as Setting['key'], before, present: await readSetting(system, key) }));
  return [
    ...planned
      .filter(({ setting, present }) => present !== setting.value)
      .map(({ setting, present }) => ({
        key: setting.key,
        from: present,
        to: setting.value,
        drift: `${setting.key} is ${quote(present)} instead of ${quote(setting.value)}`,
      })),
    ...(await Promise.all(stale))
      .filter(({ key, present, before }) => present !== before && state.ours[key]?.includes(present))
      .map(({ key, present, before }) => ({
        key,
        from: present,
        to: before,
        drift: `${key} is ${quote(present)} and goes back to ${quote(before)}`,
      })),
  ];
}

const quote = (value: string): string => `'${value.replaceAll('\t', ' ')}'`;
