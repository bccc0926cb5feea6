import { markdownTable } from '../../bench/markdown-table.ts';
import { type Versions, versionsText } from '../../bench/versions.ts';
import type { StepResult } from './journey.ts';

/** What became of one host. */
export interface HostResult {
  readonly host: string;
  /** The day of its run, `2026-11-26`. */
  readonly day: string;
  readonly versions: Versions;
  readonly steps: readonly StepResult[];
}

/** The page about hosts, a line each. */
export function hostsPage(hosts: readonly HostResult[]): readonly string[] {
  const names = [...new Set(hosts.flatMap(({ steps }) => steps.map(({ name }) => name)))];
  return [
    '# Hosts',
    '',
    "Written by `npm run vm`: virtual machines with the kernels and packages of Debian's releases, each",
    'with its own Docker, the newest run of each. They stand behind a stateless ACL that lets answers in',
    'to 49152-61000. After each step the host (ports that the kernel chooses, IPv4 and IPv6) and, where',
    'it runs, a container (also ports that it binds) open TCP and UDP connections.',
    '',
    ...markdownTable(
      [{ head: 'host' }, { head: 'run on' }, { head: 'versions' }],
      hosts.map(({ host, day, versions }) => [host, day, versionsText(versions)]),
    ),
    '',
    'In the table: packets that left out of range, and connections that were answered.',
    '',
    ...markdownTable(
      [{ head: 'step' }, ...hosts.map(({ host }) => ({ head: host }))],
      names.map((name) => [name, ...hosts.map(({ steps }) => cell(steps.find((step) => step.name === name)))]),
    ),
    '',
    ...failures(hosts),
  ];
}

function cell(step: StepResult | undefined): string {
  if (!step) return 'not run';
  const counts = step.tried === 0 ? '' : `${step.outOfRange} out of range, ${step.answered} of ${step.tried} answered`;
  if (step.failure === undefined) return counts || 'yes';
  return ['**not as promised**', counts].filter(Boolean).join(': ');
}

function failures(hosts: readonly HostResult[]): readonly string[] {
  const all = hosts.flatMap(({ host, steps }) =>
    steps.flatMap(({ name, failure }) => (failure === undefined ? [] : [`- ${host}, ${name}: ${firstLine(failure)}`])),
  );
  return all.length === 0 ? ['Every step was as promised.'] : ['Not as promised:', '', ...all];
}

const firstLine = (text: string): string => text.trim().split('\n').at(-1) ?? '';
