import { type Fit, segmentsWithin, type WayFit } from '../acl/fit.ts';
import type { Unjudged } from '../acl/model.ts';
import type { Question } from '../acl/question.ts';
import type { PeerPart } from '../acl/split.ts';
import { intersect, type PortSet, portCount, portsText, rangeText, samePorts, subtract } from '../ports.ts';
import { becauseJson, becauseLines, doubtLines, unjudgedJson, unjudgedLines } from './acl-because.ts';
import { askedText, section, sidesJson, wayJson, wayText } from './acl-ranges.ts';
import { tableLines } from './table.ts';

/** Everything that `acl check` found out. */
export interface AclCheck {
  readonly question: Question;
  readonly fit: Fit;
  /** `fenced`: the ports of the fence, where one is held against the ACL. */
  readonly used: { readonly source: string; readonly words: string; readonly fenced: PortSet | undefined };
  /** The parts of a peer of a way that does not fit, where entries cut it apart. */
  readonly partsOf: (way: WayFit) => readonly PeerPart[];
  /** Ports that pass, in the place of those in use; none where no port is safe. */
  readonly offered: PortSet;
  readonly unjudged: readonly Unjudged[];
  readonly notes: readonly string[];
}

/** Whether the ports in use fit the ACL, for scripts and for people. */
export function aclCheckText(found: AclCheck): { json: unknown; text: readonly string[] } {
  const { question, fit, used, offered, unjudged, notes } = found;
  const isLeftAlone = (one: WayFit): boolean => used.fenced !== undefined && !samePorts(used.fenced, one.used);
  const failing = fit.ways.filter(({ hangingShare, unsureShare }) => hangingShare + unsureShare > 0);
  return {
    json: {
      ...sidesJson(question),
      fits: fit.fits && unjudged.length === 0,
      certain: unjudged.length === 0 && fit.ways.every(({ unsure }) => unsure.length === 0),
      source: used.source,
      hangingPercent: percent(fit.worst?.hangingShare ?? 0),
      unsurePercent: percent(fit.worst?.unsureShare ?? 0),
      ways: fit.ways.map((one) => ({
        ...wayJson(one.way),
        used: one.used.map(rangeText),
        hanging: one.hanging.map(rangeText),
        unsure: one.unsure.map(rangeText),
        hangingPercent: percent(one.hangingShare),
        unsurePercent: percent(one.unsureShare),
        leftAlone: isLeftAlone(one),
        because: becauseJson(segmentsWithin(one.way.segments, one.used)),
      })),
      recommended: offered.length > 0 ? portsText(offered) : null,
      unjudged: unjudgedJson(unjudged),
      notes,
    },
    text: [
      headline(found),
      `source ports in use: ${used.words}`,
      ...failing.flatMap((one) => failingLines(one, found.partsOf(one), isLeftAlone(one))),
      ...remedyLines(found, failing),
      ...section('unsure because of what could not be judged:', [
        ...new Set(failing.flatMap(({ way, used: ports }) => doubtLines(segmentsWithin(way.segments, ports)))),
      ]),
      ...section('could not be judged at all, and may change this answer:', unjudgedLines(unjudged)),
    ],
  };
}

function headline({ question, fit: { ways, worst }, partsOf, unjudged }: AclCheck): string {
  const asked = askedText(question);
  const { hangingShare = 0, unsureShare = 0 } = worst ?? {};
  const which = worst && ways.length > 1 ? `, at worst to ${wayText(worst.way)}` : '';
  const some = worst && new Set(partsOf(worst).map((part) => lostShare(part, worst.used))).size > 1;
  const connections = `new connections${some ? ' to some of these addresses' : ''}`;
  if (hangingShare > 0)
    return `DOES NOT FIT: ${percentText(hangingShare)} of ${connections} get no answer${which}; ${asked}`;
  if (unsureShare > 0)
    return `UNSURE: ${percentText(unsureShare)} of ${connections} hang on what could not be judged${which}; ${asked}`;
  if (unjudged.length > 0) return `UNSURE: every connection gets its answer as far as it could be judged; ${asked}`;
  return `FITS: every connection gets its answer; ${asked}`;
}

const lostShare = ({ ranges, unsure }: PeerPart, used: PortSet): number =>
  share(subtract(subtract(used, ranges), unsure), used);

const LEFT_ALONE =
  "  the fence leaves these connections alone (exempt, or of a protocol or family that is not fenced): they use the host's own ports";

function failingLines({ way, used }: WayFit, parts: readonly PeerPart[], leftAlone: boolean): readonly string[] {
  const rows = parts.map((part) => {
    const { blocks, unsure } = part;
    return [
      `${percentText(lostShare(part, used))} hang`,
      unsure.length > 0 ? `${percentText(share(intersect(unsure, used), used))} unsure` : '',
      blocks.length > 4 ? `${blocks.slice(0, 3).join(', ')} and ${blocks.length - 3} more blocks` : blocks.join(', '),
    ];
  });
  return [
    '',
    `${wayText(way)}, of the ports in use:`,
    ...(leftAlone ? [LEFT_ALONE] : []),
    ...becauseLines(segmentsWithin(way.segments, used)).map((line) => `  ${line}`),
    ...(rows.length > 1 ? ['  by parts of it:', ...tableLines(rows).map((line) => `    ${line}`)] : []),
  ];
}

function remedyLines({ offered, fit, unjudged }: AclCheck, failing: readonly WayFit[]): readonly string[] {
  if (fit.fits || failing.every(({ hanging }) => hanging.length === 0)) return [];
  const none = unjudged.length > 0 ? 'no port passes for sure' : 'no port from 1024 up passes everywhere';
  const range =
    offered.length > 0
      ? `ports that pass everywhere: ${portsText(offered)}  (portfence apply --ports ${portsText(offered)})`
      : `${none} that was asked about`;
  return ['', range, '`portfence acl fix` with the same flags prints the change of the rules instead'];
}

const share = (part: PortSet, whole: PortSet): number =>
  portCount(whole) === 0 ? 0 : portCount(part) / portCount(whole);

/** With one decimal; never 0 for something, never 100 for less than all. */
export function percent(part: number): number {
  if (part === 0 || part === 1) return part * 100;
  return Math.min(99.9, Math.max(0.1, Math.round(part * 1000) / 10));
}

export function percentText(part: number): string {
  if (part > 0 && part < 0.01) return 'less than 1 %';
  if (part < 1 && part > 0.99) return 'more than 99 %';
  return `${Math.round(part * 100)} %`;
}
