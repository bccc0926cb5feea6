import type { FlowReport } from '../flows/flow-report.ts';
import type { AddressRow } from '../plan/address-table.ts';
import { addressLines } from './address-table.ts';
import { anonymizer } from './anonymous.ts';
import { flowLines, judgedLines } from './flows.ts';
import { markup } from './markup.ts';
import { portMapSvg } from './port-map-svg.ts';

/** A document and lines, as a command gives them. */
interface Section {
  readonly json: unknown;
  readonly text: readonly string[];
}

/** Whether the fence fits the network ACL, with its picture, and the names of what it was read from. */
export interface AclSection extends Section {
  readonly svg?: readonly string[];
  readonly names?: readonly string[];
}

/** Everything that a report tells. */
export interface HostReportFacts {
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly host: string;
  readonly versions: readonly (readonly [program: string, version: string])[];
  readonly status: Section;
  /** Source addresses before and after. */
  readonly addresses: readonly AddressRow[];
  readonly doctor: Section;
  /** Undefined where neither a flag nor the policy names an ACL. */
  readonly acl: AclSection | undefined;
  readonly flows: FlowReport;
  readonly ranges: readonly { readonly from: number; readonly to: number }[];
  /** Only where it was asked for: it sends packets. */
  readonly verified: Section | undefined;
}

const MOST_ROWS = 50;
const NO_ACL = ['not asked: portfence report --acl FILE (or auto, for EC2) holds the fence against it'];
const STYLE =
  'body{font:16px/1.5 system-ui,sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#1f2328;background:#fff}' +
  'svg{width:100%;height:auto}pre{font:13px/1.45 ui-monospace,monospace;overflow-x:auto;padding:.8rem;background:#f6f8fa}' +
  'dt{font-weight:600}dd{margin:0 0 .4rem}@media print{body{margin:0}}';

/** One document for scripts, and one page that needs no other file; with `anonymous` every name and address is replaced. */
export function hostReport(
  facts: HostReportFacts,
  { anonymous }: { readonly anonymous: boolean },
): { readonly json: unknown; readonly html: readonly string[] } {
  const { flows, host } = facts;
  const hide = anonymous ? anonymizer([host, ...namesIn(flows), ...(facts.acl?.names ?? [])]) : undefined;
  const text = (words: string): string => hide?.text(words) ?? words;
  const json = {
    ...{ at: new Date(facts.at).toISOString(), host, versions: Object.fromEntries(facts.versions) },
    ...{ status: facts.status.json, addresses: facts.addresses, doctor: facts.doctor.json },
    ...{ acl: facts.acl?.json ?? null, flows, verified: facts.verified?.json ?? null },
  };
  const title = `portfence on ${text(host)}`;
  return {
    json: hide ? hide.value(json) : json,
    html: [
      ...['<!doctype html>', '<html lang="en">', '<head>', '<meta charset="utf-8">'],
      '<meta name="viewport" content="width=device-width, initial-scale=1">',
      ...[`<title>${markup(title)}</title>`, `<style>${STYLE}</style>`, '</head>', '<body>'],
      `<h1>${markup(title)}</h1>`,
      `<p>${new Date(facts.at).toISOString()}${anonymous ? '. Names and addresses are replaced; the same one has the same stand-in.' : ''}</p>`,
      ...section('State', facts.status.text.map(text)),
      ...section('Source addresses before and after', addressLines(facts.addresses).map(text)),
      ...section('What the doctor found', facts.doctor.text.map(text)),
      ...section('Network ACL', (facts.acl?.text ?? NO_ACL).map(text)),
      ...(facts.acl?.svg ?? []).map(text),
      '<h2>Connections by source port</h2>',
      ...portMapSvg(flows.portMap, facts.ranges),
      ...section('Fullest destinations', flowLines(flows, 'destination', MOST_ROWS).map(text)),
      ...section('Containers', flowLines(flows, 'container', MOST_ROWS).map(text)),
      ...section(
        'Out of range',
        judgedLines('connections out of range', flows.outOfRange, flows.totals.outOfRange).map(text),
      ),
      ...section(
        'Without an answer',
        judgedLines('connections without an answer', flows.hanging, flows.totals.hanging).map(text),
      ),
      ...section(
        'Verification',
        facts.verified?.text.map(text) ?? [
          'not asked for: portfence report --verify sends packets and sees their ports',
        ],
      ),
      '<h2>Versions</h2>',
      '<dl>',
      ...facts.versions.map(([program, version]) => `<dt>${markup(program)}</dt><dd>${markup(text(version))}</dd>`),
      ...['</dl>', '</body>', '</html>'],
    ],
  };
}

const section = (title: string, lines: readonly string[]): readonly string[] => [
  `<h2>${title}</h2>`,
  `<pre>${lines.map(wide).join('\n')}</pre>`,
];

/** A line of a table may be longer than what `markup` lets through at once. */
const wide = (line: string): string => (line.match(/.{1,200}/gu) ?? []).map(markup).join('');

function namesIn({ containers, sources }: FlowReport): readonly string[] {
  const texts = [...containers, ...sources].flatMap(({ name, image, group }) => [name, image, group]);
  return texts.flatMap((one) => (one ? [one, ...one.split('/')] : []));
}
