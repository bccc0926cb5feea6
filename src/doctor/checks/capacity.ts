import { hasPort, portCount, portsText } from '../../ports.ts';
import type { DoctorCheck } from '../check.ts';

/** From this part of conntrack's table on, new connections are in danger. */
const TABLE_FULL = 0.8;
/** From half of the range on, connect() itself searches long: the kernel tries ports of one parity first. */
const RANGE_BUSY = 0.5;
/** Seconds for which the kernel remembers a closed TCP connection by default (nf_conntrack_proto_tcp.c). */
const TIME_WAIT_S = 120;

/** How long ports and the table of connections last. */
export const capacityChecks: readonly DoctorCheck[] = [
  {
    name: 'range-full',
    find: ({ fence: { shortage } }) =>
      shortage.drops === 0
        ? []
        : [
            {
              severity: shortage.destinations.length > 0 ? 'serious' : 'note',
              summary: 'connections were dropped since no port or no entry was left for them',
              evidence: [
                `${shortage.drops} since the kernel started`,
                ...shortage.destinations.map(
                  ({ protocol, address, port, inUse, available }) =>
                    `${protocol} to ${address} port ${port}: ${inUse} of ${available} ports in use`,
                ),
              ],
              remedy: 'widen the range, keep connections open (keep-alive, a pool, a proxy), or add source addresses',
            },
          ],
  },
  {
    name: 'range-busy',
    find: ({ symptoms, survey: { plan } }) => {
      const available = portCount(plan.ranges);
      const busy = symptoms.busiest.filter(({ inUse }) => inUse >= available * RANGE_BUSY);
      if (busy.length === 0) return [];
      return [
        {
          severity: 'warning',
          summary: 'half of the range or more is in use towards one destination',
          evidence: busy.map(
            ({ protocol, address, port, inUse }) => `${protocol} ${address} port ${port}: ${inUse} of ${available}`,
          ),
          remedy: 'widen the range, or open fewer new connections to that destination',
        },
      ];
    },
  },
  {
    name: 'conntrack-table',
    find: ({ symptoms: { conntrack } }) =>
      conntrack === undefined || conntrack.count < conntrack.max * TABLE_FULL
        ? []
        : [
            {
              severity: 'serious',
              summary: "the kernel's table of connections is nearly full; new ones are dropped when it is",
              evidence: [`${conntrack.count} of ${conntrack.max} entries`],
              remedy: `raise net.netfilter.nf_conntrack_max (sysctl -w net.netfilter.nf_conntrack_max=${conntrack.max * 2})`,
            },
          ],
  },
  {
    name: 'cloud-allowance',
    find: ({ symptoms }) =>
      symptoms.allowance.map(({ link, exceeded }) => ({
        severity: 'serious' as const,
        summary:
          "the instance's allowance of tracked connections was exceeded, and packets were dropped before this host",
        evidence: [`${link}: conntrack_allowance_exceeded ${exceeded}`],
        remedy: 'a larger instance type, or security groups that do not track (allow all both ways)',
      })),
  },
  {
    name: 'long-time-outs',
    find: ({ symptoms: { timeWaitS } }) =>
      timeWaitS === undefined || timeWaitS <= TIME_WAIT_S
        ? []
        : [
            {
              severity: 'note',
              summary: 'closed connections are remembered longer than by default, so that ports come back later',
              evidence: [
                `net.netfilter.nf_conntrack_tcp_timeout_time_wait is ${timeWaitS} s, ${TIME_WAIT_S} s by default`,
              ],
              remedy: `sysctl -w net.netfilter.nf_conntrack_tcp_timeout_time_wait=${TIME_WAIT_S}`,
            },
          ],
  },
  {
    name: 'servers-in-range',
    find: ({ survey: { facts, plan } }) => {
      const inside = facts.boundPorts.filter(({ protocol, port }) => protocol === 'tcp' && hasPort(plan.ranges, port));
      const reserved = plan.settings.find(({ key }) => key.endsWith('ip_local_reserved_ports'));
      const open = inside.filter(({ port }) => !reserved?.value.includes(String(port)));
      if (open.length === 0) return [];
      return [
        {
          severity: 'warning',
          summary: 'servers listen on ports that outgoing connections may take before the server starts again',
          evidence: [
            portsText(
              open.map(({ port }) => ({ from: port, to: port })),
              ', ',
            ),
          ],
          remedy: 'move the servers out of the range, or reserve their ports (net.ipv4.ip_local_reserved_ports)',
        },
      ];
    },
  },
];
