import { createHash } from 'node:crypto';
import { compile } from '../plan/compile.ts';
import type { HostFacts } from '../plan/facts.ts';
import { creation, nftTable } from '../plan/nftables/render.ts';
import { standalone } from '../plan/nftables/standalone.ts';
import type { Plan } from '../plan/plan.ts';
import type { Policy } from '../policy/policy.ts';
import { renderPolicy } from '../policy/render.ts';
import { script } from '../survey/nft-script.ts';
import type { State } from '../survey/state.ts';
import { MANIFEST_FILE, POLICY_FILE, RULES_FILE, SERVICES, STATE_FILE, SYSCTL_FILE, unitFile } from './paths.ts';
import { type AgentCommand, agentUnit, fenceUnit, sysctlLines } from './units.ts';

export interface InstallFile {
  readonly path: string;
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

export interface Manifest {
  readonly version: 1;
  /** SHA-256 of the policy as we wrote it, in hex; null where it was there before us. */
  readonly policy: string | null;
}

export interface InstallInput {
  readonly policy: Policy;
  readonly facts: HostFacts;
  /** What this host remembers; undefined where the files are for another one. */
  readonly state: State | undefined;
  readonly agent: AgentCommand;
  /** The policy file that is there, and what an earlier installation wrote of it. */
  readonly present: { readonly policyText: string | undefined; readonly manifest: Manifest | undefined };
}

/** Every file of an installation, as data; equal input gives equal files. */
export function installFiles(input: InstallInput): { files: readonly InstallFile[]; plan: Plan } {
  const { policy, state, agent, present } = input;
  // Containers' addresses of today mean other containers after a boot.
  const plan = compile(policy, { ...input.facts, published: [] });
  const rules = creation(nftTable(plan));
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
  const [fence, keeper] = SERVICES;
  return {
    plan,
    files: [
      ...(writesPolicy ? [{ path: POLICY_FILE, text: policyText, mode: 0o644 }] : []),
      text(RULES_FILE, [
        `# Written by \`portfence install systemd\` from ${POLICY_FILE}; loaded by nft at boot.`,
        ...standalone(rules),
      ]),
      ...(state ? [text(STATE_FILE, [JSON.stringify(bootState(plan, rules, policy, state), null, 2)], 0o600)] : []),
      text(MANIFEST_FILE, [JSON.stringify(manifest)]),
      ...(plan.settings.length > 0 ? [text(SYSCTL_FILE, sysctlLines(plan.settings))] : []),
      text(unitFile(fence), fenceUnit()),
      text(unitFile(keeper), agentUnit(agent)),
    ],
  };
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
