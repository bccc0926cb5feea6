import type { Backend, BackendId, BackendRequest, Part } from '../backends/backend.ts';
import { type Chosen, choose, type KnownListing } from '../backends/choose.ts';
import type { Drift } from '../backends/drift.ts';
import { type Fence, presentFences } from '../backends/fences.ts';
import { learntListing } from '../backends/learnt.ts';
import type { FenceListing } from '../backends/listing.ts';
import { listingDigest } from '../backends/listing-digest.ts';
import { type NatChain, observeNatChains } from '../backends/nat-chains.ts';
import { observeBaseChains } from '../observe/base-chains.ts';
import type { EngineFacts } from '../observe/engines.ts';
import { observeHost } from '../observe/observe-host.ts';
import { compile } from '../plan/compile.ts';
import type { HostFacts } from '../plan/facts.ts';
import type { Plan, Setting } from '../plan/plan.ts';
import type { Policy } from '../policy/policy.ts';
import { type Family, type PortRange, parsePorts } from '../ports.ts';
import type { System } from '../system/system.ts';
import { holdsPorts, isSatisfied, readSetting, type SettingChange, settingLines } from './settings.ts';
import type { State } from './state.ts';

/** The policy for a host with these interfaces, or for any host; throws what its stage throws. */
export type PolicySource = (interfaces?: readonly string[]) => Policy;

export interface SurveyOptions {
  readonly policy: PolicySource;
  readonly dockerHost?: string | undefined;
  /** As the last apply was asked unless given; `auto` where there was none. */
  readonly backend?: BackendRequest | undefined;
  readonly state: State;
}

/** What ought to be true, what is, and what it takes to get from the one to the other. */
export interface Survey {
  readonly facts: HostFacts;
  readonly engines: readonly EngineFacts[];
  readonly policy: Policy;
  readonly plan: Plan;
  readonly backend: Backend;
  readonly backendAsked: BackendRequest;
  readonly backendReason: string;
  /** Commands that make the rules where there are none. */
  readonly creation: readonly string[];
  readonly wanted: FenceListing;
  readonly present: FenceListing | undefined;
  /** Other backends that have rules here too. */
  readonly otherBackends: readonly BackendId[];
  /** Every nat chain of the kernel. */
  readonly natChains: readonly NatChain[];
  readonly drift: readonly Drift[];
  readonly settings: readonly SettingChange[];
  /** Exactly what apply pipes, in its order: new rules in, then those of another backend out. */
  readonly parts: readonly Part[];
  /** The same as one text, settings as comment lines; empty when there is nothing to do. */
  readonly script: readonly string[];
  readonly notes: readonly string[];
}

/** Observes, compiles and compares. Changes nothing. */
export async function survey(system: System, options: SurveyOptions): Promise<Survey> {
  const chains = observeBaseChains(system);
  const [fences, natChains, host] = await Promise.all([
    presentFences(system, chains),
    observeNatChains(system, chains),
    observeHost(system, { ...options, saved: savedFacts(options.state), chains }),
  ]);
  const policy = options.policy(host.facts.links.map((link) => link.name));
  const plan = compile(policy, host.facts);
  const asked = options.backend ?? options.state.wanted?.backend?.asked ?? 'auto';
  const presentOf = ({ backend }: Pick<Chosen, 'backend'>) =>
    fences.find((fence) => fence.backend.id === backend.id)?.listing;
  const [chosen, settings] = await Promise.all([
    chooseSurely(system, { asked, plan, facts: host.facts, before: options.state.wanted }, presentOf),
    settingChanges(system, plan, options.state),
  ]);
  const { backend, reason, creation, wanted } = chosen;
  const present = presentOf(chosen);
  const others = fences.filter((fence) => fence.backend.id !== backend.id);
  const rulesDrift = backend.drift(wanted, present);
  const isOutdated = present !== undefined && backend.isOutdated(wanted, present);
  const rules = rulesDrift.length > 0 || isOutdated ? backend.replacement(creation, present, wanted) : [];
  const said = settingLines(settings);
  const parts = [
    ...backend.parts(rules.length > 0 ? [...said, ...rules] : []),
    ...others.flatMap((other) => other.backend.parts(deletionLines(other))),
  ];
  return {
    facts: host.facts,
    engines: host.engines,
    policy,
    plan,
    backend,
    backendAsked: asked,
    backendReason: reason,
    creation,
    wanted,
    present,
    otherBackends: others.map((other) => other.backend.id),
    natChains,
    drift: [
      ...rulesDrift,
      ...others.map((other) => `rules of the backend ${other.backend.id} are there as well`),
      ...settings.flatMap((change) => change.drift ?? []),
    ],
    settings,
    parts,
    script: [...(rules.length > 0 ? [] : said), ...parts.flatMap(({ lines }) => lines)],
    notes: [...host.notes, ...plan.notes, ...rememberedNote(options, asked)],
  };
}

/**
 * What the kernel makes of the plan. What it made of the same commands before is sure where that is what is there: a fence that
 * stands as it was applied costs no trial.
 */
async function chooseSurely(
  system: System,
  {
    before,
    ...of
  }: {
    readonly asked: BackendRequest;
    readonly plan: Plan;
    readonly facts: HostFacts;
    readonly before: State['wanted'];
  },
  presentOf: (chosen: Pick<Chosen, 'backend'>) => FenceListing | undefined,
): Promise<Chosen> {
  const known: KnownListing = (backend, creation) =>
    learntListing(system, backend, creation) ??
    asApplied(before, { backend, creation, present: presentOf({ backend }) });
  const chosen = await choose(system, { ...of, known });
  const differs = chosen.backend.drift(chosen.wanted, presentOf(chosen)).length > 0;
  return chosen.isRemembered && differs ? choose(system, { ...of, known: () => undefined }) : chosen;
}

/** What is there, where it is what the last apply read for the same commands. */
function asApplied(
  before: State['wanted'],
  {
    backend,
    creation,
    present,
  }: {
    readonly backend: Backend;
    readonly creation: readonly string[];
    readonly present: FenceListing | undefined;
  },
): FenceListing | undefined {
  if (present === undefined || before?.listed === undefined || before.backend?.id !== backend.id) return undefined;
  const isSame = before.creation.join('\n') === creation.join('\n') && before.listed === listingDigest(present);
  return isSame ? present : undefined;
}

function rememberedNote({ backend }: SurveyOptions, asked: BackendRequest): readonly string[] {
  if (backend !== undefined || asked === 'auto') return [];
  return [`the backend is ${asked}, as an earlier apply was asked for it (--backend auto chooses anew)`];
}

/** Rules of another backend are deleted after ours are loaded; the comment line says where its lines begin. */
function deletionLines({ backend, listing }: Fence): readonly string[] {
  const lines = backend.deletion(listing);
  return lines[0]?.startsWith('#') ? lines : ['# nft -f -', ...lines];
}

/** What the state remembers from before the fence, as `observeHost` takes it. */
export function savedFacts(state: State): {
  localPortRange?: PortRange;
  reservedPorts?: ReturnType<typeof parsePorts>;
  lastUplinks?: readonly string[];
  engines?: readonly EngineFacts[];
  engineNat?: readonly Family[];
} {
  const range = /^(\d+)\s+(\d+)$/.exec(state.before['net.ipv4.ip_local_port_range'] ?? '');
  const reserved = state.before['net.ipv4.ip_local_reserved_ports'];
  return {
    ...(range ? { localPortRange: { from: Number(range[1]), to: Number(range[2]) } } : {}),
    ...(reserved === undefined ? {} : { reservedPorts: parsePorts(reserved) }),
    ...(state.wanted ? { lastUplinks: state.wanted.uplinks } : {}),
    ...(state.engines ? { engines: state.engines } : {}),
    ...(state.engineNat ? { engineNat: state.engineNat } : {}),
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
      .filter(
        ({ setting, present }) =>
          !(setting.minimum === undefined ? present === setting.value : holdsPorts(present, setting.value)),
      )
      .map(({ setting, present }) => ({
        key: setting.key,
        from: present,
        to: setting.value,
        drift: isSatisfied(present, setting)
          ? undefined
          : `${setting.key} is ${quote(present)} instead of ${quote(setting.value)}`,
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
