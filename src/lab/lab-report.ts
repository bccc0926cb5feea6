import { portsText, rangeText } from '../ports.ts';
import { LINUX_PORTS } from './connections.ts';
import { type Block, portBlocks, scale } from './port-map.ts';
import type { LabResult } from './scenario.ts';

type Paint = (text: string, colour: 'green' | 'red' | 'dim' | 'bold') => string;
const CODES = { green: 32, red: 31, dim: 2, bold: 1 } as const;
const coloured: Paint = (text, colour) => `\u001b[${CODES[colour]}m${text}\u001b[0m`;
const plain: Paint = (text) => text;

/** What the lab saw, for a person who has read nothing else. One string a line; colours where `colour` is set. */
export function labText(result: LabResult, { colour }: { colour: boolean }): readonly string[] {
  const paint = colour ? coloured : plain;
  return [
    '',
    ...explanation(result),
    '',
    ...connectionTable(result, paint),
    '',
    ...(result.builds.length > 0 ? [...buildTable(result, paint), ''] : []),
    ...portMap(result, paint),
    '',
    ...conclusion(result, paint),
  ];
}

function explanation({ allowed }: LabResult): string[] {
  return [
    `The network lets answers back in only to ports ${portsText(allowed, ', ')}. Linux picks the port a connection`,
    `leaves from out of ${rangeText(LINUX_PORTS)}, so the answers to many connections are dropped, and the connections hang.`,
    'portfence moves every connection into the allowed ports before it leaves the host.',
  ];
}

const ORIGINS = { host: 'host', container: 'container network' } as const;
const FAMILIES = { ipv4: 'IPv4', ipv6: 'IPv6' } as const;

function connectionTable({ connections }: LabResult, paint: Paint): string[] {
  const head = ['CONNECTIONS FROM', 'OVER', 'TRIED', 'HUNG WITHOUT', 'HUNG WITH PORTFENCE'];
  const rows = connections.map(({ origin, family, protocol, tried, hungBefore, hungAfter }) => [
    ORIGINS[origin],
    `${FAMILIES[family]} ${protocol.toUpperCase()}`,
    String(tried),
    `${hungBefore} (${Math.round((100 * hungBefore) / tried)} %)`,
    String(hungAfter),
  ]);
  return table([head, ...rows], paint);
}

function buildTable({ builds }: LabResult, paint: Paint): string[] {
  const head = ['IN A REAL CONTAINER', 'NETWORK', 'DOWNLOADS', 'HUNG WITHOUT', 'HUNG WITH PORTFENCE'];
  const rows = builds.map(({ how, network, downloads, failedBefore, failedAfter }) => [
    how,
    failedBefore === undefined ? `${network} (made later)` : network,
    String(downloads),
    failedBefore === undefined ? '-' : outcome(failedBefore, how),
    outcome(failedAfter, how),
  ]);
  return table([head, ...rows], paint);
}

const outcome = (failed: number, how: string): string =>
  how.startsWith('docker build') ? `${failed}, build ${failed === 0 ? 'succeeds' : 'fails'}` : String(failed);

/** Columns as wide as their widest cell. The last column is what to look at: green where nothing hung. */
function table(rows: readonly (readonly string[])[], paint: Paint): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row, index) => {
    const cells = row.map((cell, column) => cell.padEnd(widths[column] ?? 0));
    if (index === 0) return paint(`  ${cells.join('  ')}`.trimEnd(), 'bold');
    const last = row.at(-1) ?? '';
    const rest = cells.slice(0, -1).join('  ');
    return `  ${rest}  ${paint(last, /^0\b/.test(last) ? 'green' : 'red')}`;
  });
}

function portMap({ allowed, ports, strayPackets }: LabResult, paint: Paint): string[] {
  const line = (name: string, blocks: readonly Block[], note: string): string =>
    `  ${name.padEnd(17)} ${blocks.map((block) => drawn(block, paint)).join('')}  ${note}`;
  const marks = portBlocks(allowed, []).map((block) => (block.allowed ? paint('=', 'green') : ' '));
  return [
    paint('  WHERE CONNECTIONS LEFT FROM: all 65,536 source ports, 1,024 in each sign', 'bold'),
    `  ${'allowed back in'.padEnd(17)} ${marks.join('')}  ${portsText(allowed, ', ')}`,
    line('without portfence', portBlocks(allowed, ports.before), packets(strayPackets.before)),
    line('with portfence', portBlocks(allowed, ports.after), packets(strayPackets.after)),
    `  ${''.padEnd(17)} ${paint(scale(), 'dim')}`,
    `  ${''.padEnd(17)} ${paint('#', 'green')} answered   ${paint('x', 'red')} hung   ${paint('.', 'dim')} not used`,
  ];
}

function drawn({ used }: Block, paint: Paint): string {
  if (used === 'no') return paint('.', 'dim');
  return used === 'inside' ? paint('#', 'green') : paint('x', 'red');
}

const packets = (count: number): string => `${count} ${count === 1 ? 'packet' : 'packets'} out of range`;

function conclusion({ ok, verify, seconds }: LabResult, paint: Paint): string[] {
  const proof =
    verify.complaint === undefined
      ? `portfence verify: ${verify.checks} checks, ${verify.attempts} attempts, ${verify.outOfRange} out of range`
      : `portfence verify gave no answer: ${verify.complaint.split('\n')[0] ?? ''}`;
  const summary = ok ? 'Every connection came back.' : 'Not every connection came back, or the proof failed.';
  return [
    proof,
    ...verify.failed.map((name) => `  not passed: ${name}`),
    paint(`${summary} The lab took ${seconds.toFixed(0)} s.`, ok ? 'green' : 'red'),
  ];
}
