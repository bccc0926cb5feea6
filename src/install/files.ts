import { createHash } from 'node:crypto';
import type { Backend } from '../backends/backend.ts';
import { bootFiles } from '../backends/boot-files.ts';
import { script } from '../backends/nftables/script.ts';
import { NO_NAT } from '../nat/model.ts';
import { compile } from '../plan/compile.ts';
import type { HostFacts } from '../plan/facts.ts';
import { isEngineBridge } from '../plan/interfaces.ts';
import type { Plan } from '../plan/plan.ts';
import type { Policy } from '../policy/policy.ts';
import { renderPolicy } from '../policy/render.ts';
import type { State } from '../reconcile/state.ts';
import { MANIFEST_FILE, POLICY_FILE, rulesFile, SERVICES, STATE_FILE, SYSCTL_FILE, unitFile } from './paths.ts';
import { type AgentCommand, agentUnit, fenceUnit, sysctlLines } from './units.ts';

/** A file that an installation writes; `path` is absolute below the root that is installed into. */
export interface InstallFile {
  readonly path: string;
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

/** What `installed.json` remembers of an installation. */
export interface Manifest {
  readonly version: 1;
  /** SHA-256 of the policy as we wrote it, in hex; null where it was there before us. */
  readonly policy: string | null;
}

/** What the files of an installation are made from. */
export interface InstallInput {
  readonly policy: Policy;
  readonly facts: HostFacts;
  /** What this host remembers; undefined where the files are for another one. */
  readonly state: State | undefined;
  readonly agent: AgentCommand;
  /** What holds the fence. */
  readonly backend: Backend;
  /** The policy file that is there, and what an earlier installation wrote of it. */
  readonly present: {
    readonly policyText: string | undefined;
    readonly manifest: Manifest | undefined;
    /** The units that a package brought, in the order of SERVICES. */
    readonly packagedUnits?: readonly (string | undefined)[];
  };
}

/** Every file of an installation, as data; equal input gives equal files. */
export function installFiles(input: InstallInput): { files: readonly InstallFile[]; plan: Plan } {
  const { policy, state, backend, present } = input;
  const facts = atBoot(input.facts);
  const plan = compile(policy, facts);
  const rules = backend.creation(plan, facts);
  const text = (path: string, lines: readonly string[], mode = 0o644): InstallFile => ({
    path,
    text: script(lines),
    mode,
  });
  const policyText = renderPolicy(policy);
  const writesPolicy = present.policyText === undefined;
  const known = present.policyText !== undefined && present.manifest?.policy === digest(present.policyText);
  const manifest: Manifest = {
    version: 1,
    policy: digestOf(writesPolicy ? policyText : known ? present.policyText : undefined),
  };
  return {
    plan,
    files: [
      ...(writesPolicy ? [{ path: POLICY_FILE, text: policyText, mode: 0o644 }] : []),
      ...[...bootFiles(rules)].map(([name, lines]) =>
        text(rulesFile(name), [
          `# Written by \`portfence install systemd\` from ${POLICY_FILE}; loaded at boot.`,
          ...lines,
        ]),
      ),
      ...(state ? [text(STATE_FILE, [JSON.stringify(bootState(plan, rules, policy, state), null, 2)], 0o600)] : []),
      text(MANIFEST_FILE, [JSON.stringify(manifest)]),
      ...(plan.settings.length > 0 ? [text(SYSCTL_FILE, sysctlLines(plan.settings))] : []),
      ...units(input.agent, backend).filter((unit, i) => unit.text !== present.packagedUnits?.[i]),
    ],
  };
}

/** Both units, in the order of SERVICES. */
function units(agent: AgentCommand, { id }: Backend): readonly InstallFile[] {
  const texts = [fenceUnit(id), agentUnit(agent)].map(script);
  return SERVICES.map((name, i) => ({ path: unitFile(name), text: texts[i] ?? '', mode: 0o644 }));
}

/**
 * What is still so when the host boots: containers' addresses of today mean other containers then, and the rules of others
 * come later. Container networks are newer than these rules, and follow their engines.
 */
function atBoot(facts: HostFacts): HostFacts {
  const links = facts.links.filter(({ name }) => !isEngineBridge(name));
  return { ...facts, links, published: [], podDevices: [], boundPorts: [], standingNat: NO_NAT };
}

/** What a boot takes away: what the settings were before us, and the rules that boot as what is wanted. The same whenever it is made. */
function bootState(plan: Plan, rules: readonly string[], policy: Policy, state: State): State {
  const before = plan.settings.flatMap(({ key, value, before: found }) => {
    const known = state.before[key] ?? (found === value ? undefined : found);
    return known === undefined ? [] : [[key, known] as const];
  });
  const settings = plan.settings.map(({ key, value }) => ({ key, value }));
  const uplinks = plan.uplinks.mode === 'these' ? plan.uplinks.names : [];
  return {
    version: 1,
    before: { ...state.before, ...Object.fromEntries(before) },
    ours: { ...state.ours, ...Object.fromEntries(settings.map(({ key, value }) => [key, [value]])) },
    wanted: state.wanted && { ...state.wanted, policy, creation: rules, settings, uplinks, appliedAt: 0 },
  };
}

/** The SHA-256 of a text in UTF-8, in hex. */
export const digest = (text: string): string => createHash('sha256').update(text).digest('hex');
const digestOf = (text: string | undefined): string | null => (text === undefined ? null : digest(text));

/** Undefined for what no installation of ours wrote. */
export function readManifest(text: string | undefined): Manifest | undefined {
  try {
    const value: unknown = JSON.parse(text ?? '');
    if (typeof value !== 'object' || value === null || !('policy' in value)) return undefined;
    return typeof value.policy === 'string' || value.policy === null ? { version: 1, policy: value.policy } : undefined;
  } catch {
    return undefined;
  }
}
