import type { DestinationRow } from '../flows/rows.ts';
import type { NamedPair, Why } from '../flows/why.ts';
import { ageText } from './agent-status.ts';
import { endText, percentText, WARN_AT } from './flows.ts';
import { tableLines } from './table.ts';

/** What an agent remembers of a destination; times are milliseconds since the epoch. */
export interface Remembered {
  /** Since when half of the ports or more are in use; null where they are not. */
  readonly fillingSince: number | null;
  /** Seconds until no port is left, should it go on like this; null where it does not grow. */
  readonly fullInS: number | null;
}

/** Who fills the ports towards a service, how full, since when, and what to do. `now` in ms since the epoch. */
export function whyLines(why: Why, remembered: Remembered | undefined, now: number): readonly string[] {
  const [fullest] = why.destinations;
  const to = endText(why.address, why.port);
  if (!fullest) return [`no connection of this host or its containers leaves towards ${to} at this moment`];
  return [
    ...why.destinations.map(
      ({ protocol, leaving, inUse, available, opening, open, closing }) =>
        `${protocol} ${to} from ${leaving}: ${inUse} of ${available} ports in use (${percentText(inUse, available)}): ${opening} opening, ${open} open, ${closing} closing`,
    ),
    ...sinceLines(remembered, now),
    '',
    'who:',
    ...tableLines(why.sources.slice(0, 20).map(sourceRow)).map((line) => `  ${line}`),
    ...(why.sources.length > 20 ? [`  and ${why.sources.length - 20} more sources`] : []),
    ...why.programs.slice(0, 10).map((owner) => `  on this host: ${ownerText(owner)}, ${owner.sockets} sockets`),
    '',
    'what to do:',
    ...remedies(fullest, why).map((line) => `  ${line}`),
  ];
}

function ownerText({ program, pid, ended }: Why['programs'][number]): string {
  if (ended) return 'ended programs';
  if (program === undefined)
    return "programs that can't be seen from here (another process namespace, or no CAP_SYS_PTRACE)";
  return `${program} (pid ${pid})`;
}

function sinceLines(remembered: Remembered | undefined, now: number): readonly string[] {
  if (!remembered) return ['since when is not known: no agent runs here that remembers it'];
  const { fillingSince, fullInS } = remembered;
  return [
    fillingSince === null
      ? 'less than half of the ports are in use'
      : `half of the ports or more are in use for ${ageText(now - fillingSince)}`,
    ...(fullInS === null ? [] : [`at this rate no port is left in ${ageText(fullInS * 1000)}`]),
  ];
}

const sourceRow = ({ source, name, kind, image, group, flows, opening, open, closing }: NamedPair) => [
  flows,
  name ?? (kind === 'host' ? 'this host' : source),
  [image, group].filter(Boolean).join(', '),
  `${opening} opening, ${open} open, ${closing} closing`,
];

/** Advice from the state that most of the connections are in. */
function remedies(row: DestinationRow, { sources }: Why): readonly string[] {
  const most = Math.max(row.opening, row.open, row.closing);
  const who = sources[0]?.name ?? sources[0]?.source ?? 'the program';
  const isFull = row.inUse >= row.available * WARN_AT;
  const first =
    most === row.opening && row.hanging > row.flows / 4
      ? `${row.hanging} connections have no answer: the other side is down or its network drops them; look there first (portfence verify --to ${endText(row.address, row.port)})`
      : most === row.closing
        ? `most connections have ended and hold their port for two more minutes: let ${who} keep connections open and use them again (keep-alive, a pool)`
        : `most connections are open: let ${who} use fewer at a time (a pool with a limit, a proxy)`;
  if (!isFull && row.hanging === 0) return ['nothing: there are ports enough'];
  return [
    first,
    ...(isFull
      ? [
          'or give it more ports: a wider range in the policy, where the network ACL lets it back in (portfence acl ranges)',
          'or more addresses: of this host, or of the destination; each pair of addresses has the whole range',
        ]
      : []),
    ...(row.outOfRange > 0 ? ['some of them leave out of range: portfence flows --out-of-range'] : []),
  ];
}
