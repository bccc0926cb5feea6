import { type Fit, fitOf } from '../acl/fit.ts';
import { offeredFor } from '../acl/recommend.ts';
import { type PortAnswer, solve } from '../acl/solve.ts';
import { blockHas } from '../addresses.ts';
import { EXIT, type ExitCode, PortfenceError } from '../errors.ts';
import { shownAddress } from '../fleet/ask-host.ts';
import type { FleetHost } from '../fleet/host-list.ts';
import { type PortsInUse, readPortsInUse } from '../fleet/read-policy.ts';
import { NO_PORTS } from '../ports.ts';
import { type AclFleetRow, aclFleetText, outcomeOf } from '../report/acl-fleet.ts';
import { scrub } from '../scrub.ts';
import { type AclAsk, type AclOptions, askAbout } from './acl-question.ts';
import { type AclSource, readAclSource } from './acl-source.ts';
import type { Answer, Context } from './context.ts';
import { type FleetTimeout, hearFleetOf } from './fleet-hosts.ts';
import { fencedPorts, plainUse, type UsedOptions, type UsedPorts } from './used-ports.ts';

type Options = AclOptions & UsedOptions & FleetTimeout;

const EXITS: Readonly<Record<ReturnType<typeof outcomeOf>, ExitCode>> = {
  fits: EXIT.fine,
  breaks: EXIT.no,
  unknown: EXIT.refused,
};

/**
 * Holds the ports of every host of a list against the ACL of its subnet: the one that the list or a flag names, else the one that the
 * host's address is in. Throws USAGE for the list, and what reading the ACLs throws.
 */
export async function aclFleet(
  context: Context,
  options: Options,
  file: string,
): Promise<Answer & { readonly notes: readonly string[] }> {
  if (options.ports !== undefined || options.policy !== undefined)
    throw new PortfenceError('USAGE', '--fleet asks each host for the ports of its own fence', {
      hint: 'leave --ports and --policy out',
    });
  const source = await readAclSource(context, { ...options, all: true });
  const heard = await hearFleetOf(context, file, options);
  const judge = openJudge(source, options);
  const rows = heard.map(({ host, heard: answer }): AclFleetRow => {
    const shown = { name: scrub(host.name), address: shownAddress(host.address) };
    if ('silence' in answer) return { ...shown, problem: answer.silence };
    const inUse = readPortsInUse(answer.document);
    if (!inUse) return { ...shown, problem: 'its agent does not tell which ports are in use' };
    return { ...shown, judged: judge.host(host, inUse) };
  });
  const found = { rows, notes: judge.notes() };
  return { exit: EXITS[outcomeOf(rows)], ...aclFleetText(found), notes: found.notes };
}

type Judged = Extract<AclFleetRow, { readonly judged: unknown }>['judged'];

/** One subnet's answer, or why there is none. */
type Solved = { readonly ask: AclAsk; readonly answer: PortAnswer } | { readonly failed: string };

/** Judges hosts; hosts of one subnet share the solver's answer. */
function openJudge(source: AclSource, options: Options) {
  const notes = new Set<string>();
  const solved = new Map<string | undefined, Solved>();
  const solveFor = (subnet: string | undefined): Solved => {
    const known = solved.get(subnet);
    if (known) return known;
    const made = trySolve(source, subnet === undefined ? options : { ...options, subnet: [subnet] });
    solved.set(subnet, made);
    if ('ask' in made) for (const note of made.ask.notes) notes.add(note);
    return made;
  };
  return {
    host: (host: FleetHost, inUse: PortsInUse): Judged => {
      const used = usedBy(inUse);
      const all = subnetsOf(host, inUse, { source, options }).map((subnet) => judgeIn(solveFor(subnet), subnet, used));
      const [first, ...more] = all;
      if (!first) throw new Error('a host is judged in one subnet at least');
      return more.reduce((worst, one) => (trouble(one) > trouble(worst) ? one : worst), first);
    },
    notes: () => [...notes],
  };
}

/** The subnets that a host is in; undefined stands for the only ACL that there is. */
function subnetsOf(
  host: FleetHost,
  { addresses }: PortsInUse,
  { source: { inventory }, options }: { readonly source: AclSource; readonly options: Options },
): readonly (string | undefined)[] {
  if (host.subnet !== undefined) return [host.subnet];
  if (options.subnet !== undefined || options.acl !== undefined) return [undefined];
  const holding = inventory.subnets.filter(({ blocks }) =>
    blocks.some((block) => addresses.some((address) => blockHas(block, address))),
  );
  return holding.length > 0 ? holding.map(({ id }) => id) : [undefined];
}

function trySolve(source: AclSource, options: Options): Solved {
  try {
    const ask = askAbout(source, options);
    return { ask, answer: solve(ask.question) };
  } catch (error) {
    if (error instanceof PortfenceError && error.code === 'ACL') return { failed: error.message };
    throw error;
  }
}

function usedBy({ fenced, protocols, families, exempt, plain }: PortsInUse): UsedPorts {
  if (!fenced) return plainUse(plain);
  const policy = { ports: fenced, protocols, families, exempt: { destinations: exempt } };
  return fencedPorts(policy, { source: 'fence', plain, name: 'its fence' });
}

function judgeIn(solved: Solved, subnet: string | undefined, used: UsedPorts): Judged {
  const ports = used.fenced ?? used.plain;
  if ('failed' in solved)
    return { subnet, acl: undefined, ports, fit: undefined, offered: NO_PORTS, unjudged: [], failed: solved.failed };
  const { ask, answer } = solved;
  const { own } = ask.question;
  const fit: Fit = fitOf(answer, used.by);
  return {
    ...{ subnet: own.subnet ?? subnet, acl: own.acl.id, ports, fit, unjudged: ask.unjudged, failed: undefined },
    offered: offeredFor(ports, ask.unjudged.length > 0 ? NO_PORTS : answer.ranges),
  };
}

/** Greater where more connections hang, then where more may. */
function trouble({ fit, failed, unjudged }: Judged): number {
  if (failed !== undefined) return 1;
  const { hangingShare = 0, unsureShare = 0 } = fit?.worst ?? {};
  return hangingShare > 0 ? 2 + hangingShare : unsureShare + unjudged.length > 0 ? 1 + unsureShare / 2 : 0;
}
