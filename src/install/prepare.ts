import type { Backend, BackendRequest } from '../backends/backend.ts';
import { backendNamed, choose } from '../backends/choose.ts';
import { PortfenceError } from '../errors.ts';
import { observeHost } from '../observe/observe-host.ts';
import { compile } from '../plan/compile.ts';
import type { HostFacts } from '../plan/facts.ts';
import { isBlank } from '../policy/blank.ts';
import { aclPortsRequest, parsePolicy } from '../policy/parse.ts';
import type { Policy } from '../policy/policy.ts';
import { readState, type State, stateFolder } from '../reconcile/state.ts';
import { type PolicySource, savedFacts } from '../reconcile/survey.ts';
import type { System } from '../system/system.ts';
import { ANY_HOST } from './any-host.ts';
import { type InstallFile, installFiles, readManifest } from './files.ts';
import { MANIFEST_FILE, POLICY_FILE, packagedUnitFile, SERVICES } from './paths.ts';
import { treeOf } from './tree.ts';
import type { AgentCommand } from './units.ts';

/** What an installation is made from. */
export interface PrepareOptions {
  readonly policy: PolicySource;
  /** The root of another system's files (an image that is being baked); undefined for this host. */
  readonly root: string | undefined;
  readonly dockerHost?: string | undefined;
  /** The backend that is asked for; undefined for whichever the fence has. */
  readonly backend?: BackendRequest | undefined;
  readonly agent: AgentCommand;
}

/** What an installation would write. */
export interface PreparedInstall {
  readonly files: readonly InstallFile[];
  /** What a person should know, one sentence each. */
  readonly notes: readonly string[];
}

/** The files that an installation would write. Changes nothing. Throws USAGE where a policy file is there that says otherwise. */
export async function prepareInstall(system: System, options: PrepareOptions): Promise<PreparedInstall> {
  const { root = '' } = options;
  const tree = treeOf(system, options.root);
  const state = root === '' ? await readState(system, await stateFolder(system)) : undefined;
  const { facts, notes } =
    state === undefined
      ? { facts: ANY_HOST, notes: [] }
      : await observeHost(system, { dockerHost: options.dockerHost, saved: savedFacts(state) });
  const policy = options.policy(facts.links.map(({ name }) => name));
  const [policyFile, manifest, ...units] = await Promise.all(
    [POLICY_FILE, MANIFEST_FILE, ...SERVICES.map(packagedUnitFile)].map((path) => tree.readText(path)),
  );
  const policyText = policyFile === undefined || isBlank(policyFile) ? undefined : policyFile;
  if (policyText !== undefined) requireSame(policy, policyText, `${root}${POLICY_FILE}`);
  const backend = await backendOf(system, { asked: options.backend, state, policy, facts });
  const { files, plan } = installFiles({
    ...{ policy, facts, state, backend },
    agent: { ...options.agent, usesNetwork: policy.listen !== undefined || asksCloud(policyText) },
    present: { policyText, manifest: readManifest(manifest), packagedUnits: units },
  });
  return { files, notes: [...notes, ...(root === '' ? plan.notes : []), ...launcherNotes(options.agent)] };
}

/** The backend of the fence that stands, else the one that the next apply would choose; for another host the one that is asked for. */
async function backendOf(
  system: System,
  {
    asked = 'auto',
    state,
    policy,
    facts,
  }: { asked: BackendRequest | undefined; state: State | undefined; policy: Policy; facts: HostFacts },
): Promise<Backend> {
  if (state?.wanted?.backend) return backendNamed(system, state.wanted.backend.id);
  if (state && system.isRoot)
    return (await choose(system, { asked, plan: compile(policy, facts), facts, known: () => undefined })).backend;
  return backendNamed(system, asked === 'auto' ? 'nftables' : asked === 'iptables' ? 'iptables-nft' : asked);
}

const asksCloud = (text: string | undefined): boolean =>
  text !== undefined && aclPortsRequest({ text })?.acl === 'auto';

/** User data holds a ruleset for nft. Throws USAGE for another backend. */
export function requireNftables(backend: BackendRequest | undefined): void {
  if (backend === undefined || backend === 'auto' || backend === 'nftables') return;
  throw new PortfenceError('USAGE', `user data brings a fence for nftables, not for ${backend}`, {
    hint: 'leave --backend away',
  });
}

function requireSame(policy: Policy, text: string, file: string): void {
  // Ports from a network ACL are those that it gave for this policy.
  const aclPorts = aclPortsRequest({ text }) === undefined ? {} : { aclPorts: policy.ports };
  if (JSON.stringify(parsePolicy({ text, file, ...aclPorts }).policy) === JSON.stringify(policy)) return;
  throw new PortfenceError('USAGE', `${file} is there and says otherwise than what is to be installed`, {
    hint: 'change that file and install without flags, or move it away',
  });
}

/** Folders that others may write to, or that come later than the units, or go. */
const UNSTEADY = ['/home', '/root', '/run', '/tmp', '/var/tmp', '/media', '/mnt'];

function launcherNotes({ program }: AgentCommand): readonly string[] {
  return [...new Set(program)]
    .filter((path) => UNSTEADY.some((folder) => path.startsWith(`${folder}/`)))
    .map(
      (path) =>
        `the agent's unit runs ${path}, which lies in a personal or temporary folder: the unit fails when it goes`,
    );
}
