import { PortfenceError } from '../errors.ts';
import { observeHost } from '../observe/observe-host.ts';
import { aclPortsRequest, parsePolicy } from '../policy/parse.ts';
import type { Policy } from '../policy/policy.ts';
import type { BackendRequest } from '../survey/backend.ts';
import { readState, stateFolder } from '../survey/state.ts';
import { type PolicySource, savedFacts } from '../survey/survey.ts';
import type { System } from '../system/system.ts';
import { ANY_HOST } from './any-host.ts';
import { type InstallFile, installFiles, readManifest } from './files.ts';
import { MANIFEST_FILE, POLICY_FILE } from './paths.ts';
import type { AgentCommand } from './units.ts';

export interface PrepareOptions {
  readonly policy: PolicySource;
  /** The root of another system's files (an image that is being baked); undefined for this host. */
  readonly root: string | undefined;
  readonly dockerHost?: string | undefined;
  /** The backend that is asked for; undefined for whichever the fence has. */
  readonly backend?: BackendRequest | undefined;
  readonly agent: AgentCommand;
}

export interface Prepared {
  readonly files: readonly InstallFile[];
  /** What a person should know, one sentence each. */
  readonly notes: readonly string[];
}

/** The files that an installation would write. Changes nothing. Throws USAGE where a policy file is there that says otherwise. */
export async function prepareInstall(system: System, options: PrepareOptions): Promise<Prepared> {
  const { root = '' } = options;
  const state = root === '' ? await readState(system, await stateFolder(system)) : undefined;
  requireNftables(state?.wanted?.backend?.id ?? options.backend);
  const { facts, notes } =
    state === undefined
      ? { facts: ANY_HOST, notes: [] }
      : await observeHost(system, { dockerHost: options.dockerHost, saved: savedFacts(state) });
  const policy = options.policy(facts.links.map(({ name }) => name));
  const [policyText, manifest] = await Promise.all([
    system.readText(`${root}${POLICY_FILE}`),
    system.readText(`${root}${MANIFEST_FILE}`),
  ]);
  if (policyText !== undefined) requireSame(policy, policyText, `${root}${POLICY_FILE}`);
  const { files, plan } = installFiles({
    policy,
    facts,
    state,
    agent: { ...options.agent, asksCloud: asksCloud(policyText) },
    present: { policyText, manifest: readManifest(manifest) },
  });
  return { files, notes: [...notes, ...(root === '' ? plan.notes : []), ...launcherNotes(options.agent)] };
}

const asksCloud = (text: string | undefined): boolean =>
  text !== undefined && aclPortsRequest({ text })?.acl === 'auto';

/** What boots without us is a ruleset for nft. Throws USAGE for another backend. */
export function requireNftables(backend: BackendRequest | undefined): void {
  if (backend === undefined || backend === 'auto' || backend === 'nftables') return;
  throw new PortfenceError('USAGE', `the fence is held by ${backend}, and only one held by nftables can be installed`, {
    hint: '`portfence apply --backend nftables` where the kernel takes it',
  });
}

function requireSame(policy: Policy, text: string, file: string): void {
  // Ports that a network ACL tells are whatever it told for this policy.
  const aclPorts = aclPortsRequest({ text }) === undefined ? {} : { aclPorts: policy.ports };
  if (JSON.stringify(parsePolicy({ text, file, ...aclPorts }).policy) === JSON.stringify(policy)) return;
  throw new PortfenceError('USAGE', `${file} is there and says otherwise than what is to be installed`, {
    hint: 'change that file and install without flags, or move it away',
  });
}

/** Folders that others may write to, or that come later than the units, or go. */
const UNSTEADY = ['/home', '/root', '/run', '/tmp', '/var/tmp', '/media', '/mnt'];

function launcherNotes({ node, launcher }: AgentCommand): readonly string[] {
  return [...new Set([node, launcher])]
    .filter((path) => UNSTEADY.some((folder) => path.startsWith(`${folder}/`)))
    .map(
      (path) =>
        `the agent's unit runs ${path}, which lies in a personal or temporary folder: the unit fails when it goes`,
    );
}
