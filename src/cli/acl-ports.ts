import { dirname, isAbsolute, join } from 'node:path';
import { type AddressBlock, addressBlock } from '../acl/address-block.ts';
import { readService } from '../acl/services.ts';
import { readAddress } from '../addresses.ts';
import { PortfenceError } from '../errors.ts';
import type { AclPortsRequest } from '../policy/parse.ts';
import { type Family, type PortRange, type PortSet, parsePorts, portsText, rangeText } from '../ports.ts';
import { aclPortsFile, readState, stateFolder } from '../reconcile/state.ts';
import { scrub } from '../scrub.ts';
import type { System } from '../system/system.ts';
import { type AclOptions, askAcl } from './acl-question.ts';
import type { Context } from './context.ts';

export interface AclPortsOptions {
  readonly request: AclPortsRequest;
  /** The policy's own file, which a file of ACLs stands beside. */
  readonly policyFile: string;
  /** Whether the answer is kept for the day on which nobody answers. */
  readonly remember: boolean;
}

/** An answer of before. */
interface Kept {
  readonly request: string;
  readonly ports: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
}

/**
 * The range that the policy's network ACL recommends. Where it can't be had now, the last one of the same question stays, or after
 * a reboot, which takes the answers, the ports of the fence that stands; and that is said. Else throws what the look-up threw.
 */
export async function aclPorts(context: Context, { request, policyFile, remember }: AclPortsOptions): Promise<PortSet> {
  const { system, say } = context;
  const folder = await stateFolder(system);
  const path = aclPortsFile(folder);
  const key = JSON.stringify(request);
  const kept = await keptAnswer(system, path, key);
  try {
    const range = await lookUp(context, request, { policyFile, used: kept && parsePorts(kept.ports)[0] });
    if (remember && kept?.ports !== rangeText(range)) {
      const answer: Kept = { request: key, ports: rangeText(range), at: system.now() };
      await system.writeText(path, `${JSON.stringify(answer)}\n`);
    }
    return [range];
  } catch (error) {
    if (!(error instanceof PortfenceError)) throw error;
    const stands = await standingPorts(system, folder);
    if (!kept && !stands) throw error;
    say(`warning: the network ACL can't be asked for the ports: ${error.message}`);
    if (kept) {
      say(`warning: the last good range stays: ${kept.ports}, of ${new Date(kept.at).toISOString()}`);
      return parsePorts(kept.ports);
    }
    say(`warning: the ports of the fence that stands stay: ${portsText(stands ?? [], ', ')}`);
    return stands ?? [];
  }
}

/** The ports of the fence that stands, where no answer of any question is kept. */
async function standingPorts(system: System, folder: string): Promise<PortSet | undefined> {
  if ((await system.readText(aclPortsFile(folder))) !== undefined) return undefined;
  return (await readState(system, folder)).wanted?.policy.ports;
}

/** The file of network ACLs that the policy names; undefined where EC2 is asked. */
export function aclFileOf({ acl }: AclPortsRequest, policyFile: string): string | undefined {
  if (acl === 'auto') return undefined;
  return isAbsolute(acl) ? acl : join(dirname(policyFile), acl);
}

/** What a policy asks, as the flags of the `acl` commands put it. */
export function aclQuestionOf(request: AclPortsRequest, policyFile: string): AclOptions {
  const { subnet, services, families, peers } = request;
  const file = aclFileOf(request, policyFile);
  return {
    ...(file === undefined ? { live: true } : { file: [file] }),
    ...(subnet === undefined ? {} : { subnet: [subnet] }),
    service: services.flatMap((text) => readService(text) ?? []),
    served: families,
    ...(peers === undefined ? {} : { peer: peersAmong(peers, families) }),
  };
}

const REMEDY = 'portfence acl ranges tells why; or write the range into the policy';

async function lookUp(
  context: Context,
  request: AclPortsRequest,
  { policyFile, used }: { policyFile: string; used: PortRange | undefined },
): Promise<PortRange> {
  const { services } = request;
  const { question, notes, unjudged } = await askAcl(context, aclQuestionOf(request, policyFile));
  for (const note of notes) context.say(`note: ${note}`);
  const [{ solve }, { recommend }, { blockedParts }] = await Promise.all([
    import('../acl/solve.ts'),
    import('../acl/recommend.ts'),
    import('./blocked-parts.ts'),
  ]);
  const answer = solve(question);
  const { ranges } = answer;
  const id = scrub(question.own.acl.id);
  const [doubt] = unjudged;
  if (doubt)
    throw new PortfenceError(
      'ACL',
      `what ${id} lets back in hangs on what could not be judged: ${scrub(doubt.reason)}`,
      { hint: REMEDY },
    );
  const recommended = recommend(ranges, { used });
  if (!recommended) {
    for (const note of blockedParts(question, answer)) context.say(`note: ${note}`);
    throw new PortfenceError(
      'ACL',
      `${id} lets no source port from 1024 up out to ${services.join(', ')} and back in`,
      { hint: REMEDY },
    );
  }
  if (recommended.warning) context.say(`warning: ${recommended.warning}`);
  context.say(`note: ${id} lets ${portsText(ranges, ', ')} back in; the fence takes ${rangeText(recommended.range)}`);
  return recommended.range;
}

/** Peers as blocks, of the families that are fenced; those of all where none is left, so that the error names them. */
function peersAmong(peers: readonly string[], families: readonly Family[]): readonly AddressBlock[] {
  const blocks = peers.map((text) => {
    const address = readAddress(text);
    return addressBlock(address === undefined ? text : `${address}/${address.includes(':') ? 128 : 32}`);
  });
  const fenced = blocks.filter(({ family }) => families.includes(family));
  return fenced.length > 0 ? fenced : blocks;
}

/**
 * Whether the network ACL recommends another range now than the one that is kept. Where it can't be asked, that is said and nothing
 * has changed.
 */
export async function aclPortsChanged(
  context: Context,
  { request, policyFile }: Pick<AclPortsOptions, 'request' | 'policyFile'>,
): Promise<boolean> {
  const { system, say } = context;
  const path = aclPortsFile(await stateFolder(system));
  const kept = await keptAnswer(system, path, JSON.stringify(request));
  try {
    const quiet = { ...context, say: () => {} };
    const range = await lookUp(quiet, request, { policyFile, used: kept && parsePorts(kept.ports)[0] });
    return kept?.ports !== rangeText(range);
  } catch (error) {
    if (!(error instanceof PortfenceError)) throw error;
    say(`warning: the network ACL can't be asked again: ${error.message}`);
    return false;
  }
}

/** What was kept of the same question; a file that says anything else is none of ours. */
async function keptAnswer(system: System, path: string, key: string): Promise<Kept | undefined> {
  const text = await system.readText(path).catch(() => undefined);
  try {
    const kept: unknown = JSON.parse(text ?? 'null');
    if (typeof kept !== 'object' || kept === null) return undefined;
    if (!('request' in kept && kept.request === key && 'ports' in kept && 'at' in kept)) return undefined;
    if (typeof kept.ports !== 'string' || typeof kept.at !== 'number') return undefined;
    return parsePorts(kept.ports).length === 1 ? { request: key, ports: kept.ports, at: kept.at } : undefined;
  } catch {
    return undefined;
  }
}
