import type { AclVerdict } from '../acl/decision.ts';
import { implicitNumber } from '../acl/decision.ts';
import { isUnknown, type Unjudged } from '../acl/model.ts';
import { protocolText } from '../acl/services.ts';
import type { MetEntry, Trace } from '../acl/trace.ts';
import { doubtsOf, entryText } from '../acl/words.ts';
import { scrub } from '../scrub.ts';
import { asJudged, deciderJson, unjudgedJson, unjudgedLines } from './acl-because.ts';
import { section } from './acl-ranges.ts';
import { tableLines } from './table.ts';

/** One connection at all ACLs on its way. */
export interface AclExplained {
  readonly flow: {
    readonly source: string;
    readonly sourcePort: number;
    readonly destination: string;
    readonly destinationPort: number;
  };
  /** The request's, then the answer's. */
  readonly traces: readonly Trace[];
  /** Why no ACL sees the packets, where that is so. */
  readonly unfiltered: string | undefined;
  readonly verdict: AclVerdict;
  readonly unjudged: readonly Unjudged[];
  readonly notes: readonly string[];
}

/** A packet and its answer, entry by entry, for scripts and for people. */
export function aclExplainedText(found: AclExplained): { json: unknown; text: readonly string[] } {
  const { flow, traces, unfiltered, verdict, unjudged, notes } = found;
  const first = traces.find(({ decision }) => decision.verdict !== 'pass');
  return {
    json: {
      flow,
      verdict,
      certain: verdict !== 'unsure' && unjudged.length === 0,
      unfiltered: unfiltered ?? null,
      packets: traces.map((trace) => ({
        acl: trace.acl.id,
        direction: trace.direction,
        remote: trace.remote,
        port: trace.port,
        verdict: trace.decision.verdict,
        decidedBy: trace.decision.by.map(deciderJson),
        entries: trace.met.map(({ entry, matches, why }) => ({
          number: isUnknown(entry.number) ? null : entry.number,
          text: entryText(entry),
          matches,
          why,
          ...entry.place,
        })),
      })),
      unjudged: unjudgedJson(unjudged),
      notes,
    },
    text: [
      ...(unfiltered === undefined ? traces.flatMap(traceLines) : [unfiltered, '']),
      `${conclusion(verdict, first)}${asJudged(unjudged)}`,
      ...section('could not be judged at all, and may change this answer:', unjudgedLines(unjudged)),
    ],
  };
}

const MARKS = { yes: '=>', no: '  ', maybe: '? ' } as const;
const VERDICTS: Readonly<Record<AclVerdict, string>> = {
  pass: 'passes',
  drop: 'is dropped',
  unsure: 'may pass or not',
};

function traceLines({ acl, direction, kind, remote, port, met, decision }: Trace): readonly string[] {
  const towards = direction === 'inbound' ? `from ${bare(remote)}` : `to ${bare(remote)}`;
  const implicit = decision.by.some((one) => one.kind === 'implicit');
  return [
    `${scrub(acl.id)}, ${direction}: ${protocolText(kind.protocol)} ${towards}, destination port ${port}, ${VERDICTS[decision.verdict]}`,
    ...tableLines([
      ...met.map((one) => [`  ${MARKS[one.matches]}`, numberText(one), entryText(one.entry), whyText(one)]),
      ...(implicit ? [['  =>', String(implicitNumber(acl, kind.family) ?? ''), 'deny what no entry matches', '']] : []),
    ]),
    '',
  ];
}

const bare = (block: string): string => block.split('/')[0] ?? block;
const numberText = ({ entry: { number } }: MetEntry): string => (isUnknown(number) ? '?' : String(number));

function whyText({ entry, matches, why }: MetEntry): string {
  if (matches === 'no') return `(${why})`;
  const doubts = doubtsOf(entry);
  return doubts.length > 0 ? `(not judged: ${doubts.join(', ')})` : '';
}

function conclusion(verdict: AclVerdict, first: Trace | undefined): string {
  if (verdict === 'pass') return 'the connection gets its answer';
  const where = first ? `${first.direction} at ${scrub(first.acl.id)}` : '';
  return verdict === 'drop'
    ? `the connection gets no answer: dropped ${where}`
    : `whether the connection gets its answer hangs on what could not be judged, ${where}`;
}
