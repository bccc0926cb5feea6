import type { AddressBlock } from '../acl/address-block.ts';
import type { Unjudged } from '../acl/model.ts';
import type { PathMtu } from '../acl/path-mtu.ts';
import type { Question } from '../acl/question.ts';
import type { RangeOption, Recommended } from '../acl/recommend.ts';
import { serviceText } from '../acl/services.ts';
import type { PortAnswer, Ports, Way } from '../acl/solve.ts';
import { isUnfiltered, type PeerPart } from '../acl/split.ts';
import { ALL_PORTS, FAMILIES, type Family, portCount, portsText, rangeText } from '../ports.ts';
import { scrub } from '../scrub.ts';
import {
  asJudged,
  becauseJson,
  becauseLines,
  deciderJson,
  doubtLines,
  unjudgedJson,
  unjudgedLines,
} from './acl-because.ts';
import { tableLines } from './table.ts';

/** Everything that `acl ranges` found out. */
export interface AclRanges {
  readonly question: Question;
  readonly answer: PortAnswer;
  /** Each family by itself, where both were asked about. */
  readonly byFamily: Partial<Readonly<Record<Family, PortAnswer>>>;
  readonly recommended: Recommended | undefined;
  readonly unjudged: readonly Unjudged[];
  /** From everywhere, by the families that were asked about. */
  readonly pathMtu: Partial<Readonly<Record<Family, PathMtu>>>;
  /** The parts of each peer, where they were asked for. */
  readonly split: readonly { readonly peer: AddressBlock; readonly parts: readonly PeerPart[] }[] | undefined;
  readonly notes: readonly string[];
}

/** The ports that pass, and why, for scripts and for people. */
export function aclRangesText(found: AclRanges): { json: unknown; text: readonly string[] } {
  const { question, answer, byFamily, recommended, unjudged, pathMtu, split, notes } = found;
  const isDoubted = unjudged.length > 0;
  const doubts = doubtLines(answer.segments);
  return {
    json: {
      ...sidesJson(question),
      ...portsJson(answer, isDoubted),
      certain: answer.unsure.length === 0 && unjudged.length === 0,
      recommended: recommended ? rangeText(recommended.range) : null,
      why: recommended?.why ?? null,
      costs: recommended?.costs ?? [],
      others: recommended?.others.map(({ range, why, costs }) => ({ range: rangeText(range), why, costs })) ?? [],
      capacity: recommended
        ? {
            ports: recommended.ports,
            connectionsPerDestination: recommended.connectionsPerDestination,
            newPerSecond: recommended.newPerSecond,
          }
        : null,
      warning: recommended?.warning ?? null,
      because: becauseJson(answer.segments),
      ways: answer.ways.map((way) => ({ ...wayJson(way), ...portsJson(way, isDoubted), lost: way.lost })),
      families: Object.fromEntries(
        Object.entries(byFamily).map(([family, one]) => [family, portsJson(one, isDoubted)]),
      ),
      ...(split ? { split: split.map(splitJson) } : {}),
      pathMtu: Object.fromEntries(
        FAMILIES.flatMap((family) => {
          const one = pathMtu[family];
          return one ? [[family, { verdict: one.verdict, entries: one.by.map(deciderJson) }]] : [];
        }),
      ),
      unjudged: unjudgedJson(unjudged),
      notes,
    },
    text: [
      headline(found),
      '',
      ...becauseLines(answer.segments),
      ...recommendedLines(recommended),
      ...familyLines(found),
      ...costLines(answer),
      ...(split ?? []).flatMap(splitLines),
      ...pathMtuLines(pathMtu),
      ...section('unsure because of what could not be judged:', doubts),
      ...section('could not be judged at all, and may change this answer:', unjudgedLines(unjudged)),
    ],
  };
}

export function sidesJson({ own, peer, services, peers }: Question): Readonly<Record<string, unknown>> {
  return {
    acl: own.acl.id,
    vpc: own.acl.vpc ?? null,
    subnet: own.subnet ?? null,
    services: services.map(serviceText),
    peers: peers.map(({ cidr }) => cidr),
    ...(peer ? { peerSubnet: peer.subnet ?? null, peerAcl: peer.acl.id } : {}),
  };
}

export const wayJson = ({ service, peer }: Way) => ({ service: serviceText(service), peer: peer.cidr });
export const wayText = ({ service, peer }: Pick<Way, 'service' | 'peer'>): string =>
  `${serviceText(service)} at ${peer.cidr}`;

/** Where something that was not judged may change everything, no port is safe, and what would pass without it stands apart. */
function portsJson({ ranges, unsure }: Ports, isDoubted = false) {
  if (!isDoubted) return { ranges: ranges.map(rangeText), unsure: unsure.map(rangeText) };
  return { ranges: [], unsure: ALL_PORTS.map(rangeText), asJudged: ranges.map(rangeText) };
}

const splitJson = ({ peer, parts }: NonNullable<AclRanges['split']>[number]) => ({
  peer: peer.cidr,
  parts: parts.map((part) => ({ blocks: part.blocks, ...portsJson(part), because: becauseJson(part.segments) })),
});

/** `acl-1 (subnet-1), 443/tcp at 0.0.0.0/0`, the peer's ACL behind it. */
export function askedText({ own, peer, services, peers }: Question): string {
  const ours = `${scrub(own.acl.id)}${own.subnet === undefined ? '' : ` (${scrub(own.subnet)})`}`;
  const theirs = peer
    ? `, with ${scrub(peer.acl.id)}${peer.subnet === undefined ? '' : ` of ${scrub(peer.subnet)}`}`
    : '';
  return `${ours}: ${services.map(serviceText).join(', ')} at ${listText(peers.map(({ cidr }) => cidr))}${theirs}`;
}

const MOST_LISTED = 6;
const listText = (all: readonly string[]): string =>
  all.length > MOST_LISTED
    ? `${all.slice(0, MOST_LISTED).join(', ')} and ${all.length - MOST_LISTED} more`
    : all.join(', ');

function headline({ question, answer, unjudged }: AclRanges): string {
  const asked = askedText(question);
  if (isUnfiltered(answer.segments)) return `${asked}: every source port passes, ${freeWhy(answer)}`;
  const but = asJudged(unjudged);
  if (answer.ranges.length > 0) return `${asked}: source ports ${portsText(answer.ranges, ', ')} pass both ways${but}`;
  const unsure = answer.unsure.length > 0 ? ' for sure' : '';
  return `${asked}: no source port passes both ways${unsure}${but}`;
}

function freeWhy({ segments }: Ports): string {
  const first = segments[0]?.by[0];
  return first?.kind === 'unfiltered' ? first.why : '';
}

/** Families whose ports differ. */
function familyLines({ byFamily }: AclRanges): readonly string[] {
  const rows = FAMILIES.flatMap((family) => {
    const one = byFamily[family];
    return one ? [[`--families ${family}`, portsText(one.ranges, ', ') || 'none']] : [];
  });
  if (new Set(rows.map(([, ports]) => ports)).size < 2) return [];
  return ['', 'each family by itself:', ...tableLines(rows).map((line) => `  ${line}`)];
}

function recommendedLines(recommended: Recommended | undefined): readonly string[] {
  if (!recommended) return [];
  const { range, why, costs, others, connectionsPerDestination, newPerSecond, warning } = recommended;
  const many = connectionsPerDestination.toLocaleString('en');
  return [
    '',
    `recommended: ${rangeText(range)}, since ${why}`,
    `  to one destination ${many} connections at once, and ${newPerSecond} new ones a second for long (120 s of TIME_WAIT each)`,
    ...costs.map((cost) => `  it makes ephemeral: ${cost}`),
    ...(warning ? [`  WARNING: ${warning}`] : []),
    ...others.map((one) => `  not taken: ${choiceText(one)}`),
  ];
}

function choiceText({ range, why, costs }: RangeOption): string {
  return `${rangeText(range)}, ${why}${costs.length > 0 ? `; it would make ephemeral: ${costs.join('; ')}` : ''}`;
}

/** What each service at each peer leaves, and takes from the others. */
function costLines({ ways }: PortAnswer): readonly string[] {
  if (ways.length < 2) return [];
  const rows = ways.map((way) => [
    wayText(way),
    portsText(way.ranges, ', ') || 'none',
    isUnfiltered(way.segments) ? freeWhy(way) : way.lost > 0 ? `takes ${way.lost} ports from the others` : '',
  ]);
  return ['', 'each by itself:', ...tableLines(rows).map((line) => `  ${line}`)];
}

function splitLines({ peer, parts }: NonNullable<AclRanges['split']>[number]): readonly string[] {
  const long = parts.filter(({ blocks }) => blocks.length > MOST_LISTED);
  const blocksText = ({ blocks }: PeerPart): string => {
    if (blocks.length <= MOST_LISTED) return blocks.join(', ');
    return long.length === 1 ? `the rest of ${peer.cidr}` : `${blocks.length} blocks (--json lists them)`;
  };
  const rows = parts.map((part) => {
    const doubt = part.unsure.length > 0 ? `, unsure ${portsText(part.unsure, ', ')}` : '';
    return [`${portsText(part.ranges, ', ') || 'none'}${doubt}`, `${portCount(part.ranges)} ports`, blocksText(part)];
  });
  return ['', `${peer.cidr} by parts:`, ...tableLines(rows).map((line) => `  ${line}`)];
}

const MTU_WORDS: Readonly<Record<PathMtu['verdict'], string>> = {
  pass: 'gets through',
  drop: 'does NOT get through: connections hang once a packet is too big for a link on the way',
  partly: 'gets through from some addresses only: routers anywhere on the way send it',
  unsure: 'may get through or not: it hangs on what could not be judged',
};
const MTU_NAMES: Readonly<Record<Family, string>> = { ipv4: 'ICMP type 3 code 4', ipv6: 'ICMPv6 type 2' };

function pathMtuLines(pathMtu: AclRanges['pathMtu']): readonly string[] {
  const lines = FAMILIES.flatMap((family) => {
    const one = pathMtu[family];
    return one ? [`path-MTU discovery over ${family} (${MTU_NAMES[family]}) ${MTU_WORDS[one.verdict]}`] : [];
  });
  return lines.length > 0 ? ['', ...lines] : [];
}

export function section(title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : ['', title, ...lines.map((line) => `  ${line}`)];
}
