import type { Unjudged } from '../acl/model.ts';
import type { Recommended } from '../acl/recommend.ts';
import { type PortSet, portCount, portsText, rangeText } from '../ports.ts';
import { scrub } from '../scrub.ts';
import { unjudgedJson, unjudgedLines } from './acl-because.ts';
import { section } from './acl-ranges.ts';
import { tableLines } from './table.ts';

/** Several subnets at once. */
export interface AclSubnets {
  readonly rows: readonly {
    readonly subnet: string | undefined;
    readonly acl: string | undefined;
    readonly vpc: string | undefined;
    readonly ranges: PortSet;
    readonly unsure: PortSet;
    readonly recommended: Recommended | undefined;
    readonly unjudged: readonly Unjudged[];
    readonly failed: string | undefined;
  }[];
  readonly common: PortSet;
  readonly recommended: Recommended | undefined;
  readonly notes: readonly string[];
}

const MOST_RANGES = 4;

/** One line a subnet and the common range, for scripts and for people. */
export function aclSubnetsText({ rows, common, recommended, notes }: AclSubnets): {
  json: unknown;
  text: readonly string[];
} {
  const unjudged = [...new Map(rows.flatMap((row) => row.unjudged).map((one) => [one.reason, one])).values()];
  const isCertain = (row: AclSubnets['rows'][number]): boolean =>
    row.failed === undefined && row.unsure.length === 0 && row.unjudged.length === 0;
  const texts = rows.map((row) => [
    scrub(row.subnet ?? '-'),
    scrub(row.acl ?? '-'),
    row.failed === undefined ? rangesText(row.ranges) : 'none',
    row.recommended ? rangeText(row.recommended.range) : '-',
    row.failed === undefined ? (isCertain(row) ? '' : `unsure: ${rangesText(row.unsure)}`) : scrub(row.failed),
  ]);
  const total = portCount(common).toLocaleString('en');
  return {
    json: {
      subnets: rows.map((row) => ({
        ...{ subnet: row.subnet ?? null, acl: row.acl ?? null, vpc: row.vpc ?? null },
        ...{ ranges: row.ranges.map(rangeText), unsure: row.unsure.map(rangeText), certain: isCertain(row) },
        recommended: row.recommended ? rangeText(row.recommended.range) : null,
        failed: row.failed ?? null,
      })),
      ranges: common.map(rangeText),
      unsure: [...new Set(rows.flatMap((row) => row.unsure.map(rangeText)))],
      certain: rows.every(isCertain),
      recommended: recommended ? rangeText(recommended.range) : null,
      unjudged: unjudgedJson(unjudged),
      notes,
    },
    text: [
      ...tableLines([['SUBNET', 'ACL', 'PASS BOTH WAYS', 'RECOMMENDED', ''], ...texts]).map((line) => line.trimEnd()),
      '',
      `common to all ${rows.length}: ${common.length > 0 ? `${rangesText(common)} (${total} ports)` : 'none'}`,
      ...(recommended ? [`recommended for all: ${rangeText(recommended.range)}, since ${recommended.why}`] : []),
      ...section('could not be judged at all, and may change this answer:', unjudgedLines(unjudged)),
    ],
  };
}

function rangesText(ports: PortSet): string {
  const more = ports.length - MOST_RANGES;
  if (ports.length === 0) return 'none';
  return `${portsText(ports.slice(0, MOST_RANGES), ', ')}${more > 0 ? ` and ${more} more ranges` : ''}`;
}
