import type { Occupancy } from '../flows/occupancy.ts';
import type { CountedServices } from '../flows/rate-set.ts';
import type { FlowState } from '../flows/watch-flows.ts';
import type { Family, Sample } from './exposition.ts';
import { counter, gauge, one } from './family.ts';

/** How many destinations and containers have series of their own; the rest is one `other`. */
export const TOP = 20;

type Labels = Readonly<Record<string, string>>;

const OTHER: Labels = { protocol: '', destination: 'other', port: '', source: '' };
const labelsOf = ({ protocol, address, port, leaving }: Occupancy): Labels => ({
  ...{ protocol, destination: address, port: String(port), source: leaving },
});

/** What is known of the flows, bounded. */
export function flowMetrics(flows: FlowState | undefined): readonly Family[] {
  return flows ? [...scanMetrics(flows), ...(flows.rates ? rateMetrics(flows.rates) : [])] : [];
}

function scanMetrics({ report, destinations, drops }: FlowState): readonly Family[] {
  const { totals, available } = report;
  const top = destinations.slice(0, TOP);
  const inTop = top.reduce((sum, { inUse }) => sum + inUse, 0);
  const rest = Math.max(0, totals.leaving - totals.outOfRange - inTop);
  const ratio = ({ inUse }: Occupancy): number => (available === 0 ? 0 : inUse / available);
  const each = (value: (row: Occupancy) => number): readonly Sample[] =>
    top.map((row) => ({ labels: labelsOf(row), value: value(row) }));
  return [
    one('portfence_range_ports', 'How many ports the allowed ranges hold.', available),
    one('portfence_connections', 'Connections that leave, as conntrack has them.', totals.leaving),
    one('portfence_out_of_range_connections', 'Those of them that leave with a port out of range.', totals.outOfRange),
    one(
      'portfence_unanswered_connections',
      'Those of them that have had no answer for two seconds or more.',
      totals.hanging,
    ),
    one(
      'portfence_fullest_ratio',
      'The share of the ports in use towards the fullest destination.',
      top[0] ? ratio(top[0]) : 0,
    ),
    gauge(
      'portfence_destination_used_ports',
      `Ports in use towards the ${TOP} fullest destinations, and the sum of all others.`,
      [...each(({ inUse }) => inUse), { labels: OTHER, value: rest }],
    ),
    gauge('portfence_destination_used_ratio', 'The share of the ports in use, 0 to 1.', each(ratio)),
    gauge(
      'portfence_destination_full_in_seconds',
      'How long until no port is left, should it go on like this; no sample where it does not grow.',
      top.flatMap((row) => (row.fullInS === null ? [] : [{ labels: labelsOf(row), value: row.fullInS }])),
    ),
    containerMetric(report.containers, report.totals.leaving),
    one('portfence_destinations', 'How many destinations connections lead to.', report.destinationsOf),
    one('portfence_scan_duration_seconds', 'How long the last look at the connections took.', report.tookMs / 1000),
    one('portfence_scan_timestamp_seconds', 'When the connections were last looked at.', report.at / 1000),
    one('portfence_scan_malformed_lines', 'Lines of the last look that were no connection.', totals.malformed),
    counter(
      'portfence_dropped_connections',
      'New connections of this network namespace that the kernel dropped since it started: no port or no room in its table.',
      drops,
    ),
  ];
}

function containerMetric(containers: FlowState['report']['containers'], leaving: number): Family {
  const top = containers.slice(0, TOP);
  const rest = Math.max(0, leaving - top.reduce((sum, { flows }) => sum + flows, 0));
  return gauge(
    'portfence_container_connections',
    `Connections of the ${TOP} containers that have the most; all others, and the host, are other.`,
    [
      ...top.map(({ name, image, group, flows }) => ({
        labels: { container: name, image, group: group ?? '' },
        value: flows,
      })),
      { labels: { container: 'other', image: '', group: '' }, value: rest },
    ],
  );
}

function rateMetrics({ services, entries, limit }: CountedServices): readonly Family[] {
  const top = services.slice(0, TOP);
  const rest = services.slice(TOP).reduce((sum, { connections }) => sum + connections, 0);
  return [
    {
      name: 'portfence_destination_connections',
      type: 'counter',
      help: `New connections by destination, the ${TOP} with the most and the sum of all others, as a set in the kernel counts them.`,
      samples: [
        ...top.map(({ protocol, address, port, connections }) => ({
          labels: { protocol, destination: address, port: String(port) },
          value: connections,
        })),
        { labels: { protocol: '', destination: 'other', port: '' }, value: rest },
      ],
    },
    one('portfence_counted_destinations', 'How many destinations the set in the kernel holds.', entries),
    one('portfence_counted_destinations_limit', 'How many it can hold; more are not counted.', limit),
  ];
}
