import type { Occupancy } from '../flows/occupancy.ts';
import type { AgentStatus } from '../reconcile/agent-status.ts';
import { scrub } from '../scrub.ts';
import { endText, percentText } from './flows.ts';

/** Priorities of syslog(3). */
export const PRIORITY = { error: 3, warning: 4, notice: 5, info: 6 } as const;
export type Level = keyof typeof PRIORITY;

export type EventName =
  | 'leak-begins'
  | 'fence-restored'
  | 'agent-fails'
  | 'agent-recovers'
  | 'native-missed'
  | 'source-down'
  | 'range-filling'
  | 'range-nearly-full';

/** Something that happened, for a log: one sentence, and fields for machines. */
export interface Happening {
  readonly event: EventName;
  readonly level: Level;
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** What has happened between two statuses of one agent. Pure. */
export function happenings(before: AgentStatus, after: AgentStatus): readonly Happening[] {
  return [...leaks(before, after), ...stateChanges(before, after), ...missed(before, after), ...sources(before, after)];
}

const leakedBetween = (before: AgentStatus, after: AgentStatus): number =>
  Math.max(0, (after.counters?.leaked ?? 0) - (before.counters?.leaked ?? after.counters?.leaked ?? 0));

function leaks(before: AgentStatus, after: AgentStatus): readonly Happening[] {
  const leaked = leakedBetween(before, after);
  if (leaked === 0) return [];
  const message = `${leaked} new connections left out of range (portfence flows --out-of-range)`;
  return [happening('leak-begins', 'error', message, { leaked })];
}

function stateChanges(before: AgentStatus, after: AgentStatus): readonly Happening[] {
  const restored = after.healed - before.healed;
  const reason = after.drift[0] ?? before.drift[0];
  const fails = after.state === 'failing' && before.state !== 'failing';
  const error = scrub(after.lastError?.message.split('\n')[0] ?? 'no reason is known');
  return [
    ...(restored > 0 && before.state !== 'starting'
      ? [
          happening('fence-restored', 'warning', `the fence was put back${reason ? `: ${scrub(reason)}` : ''}`, {
            times: restored,
          }),
        ]
      : []),
    ...(fails ? [happening('agent-fails', 'error', `the fence can't be made true: ${error}`, {})] : []),
    ...(before.state === 'failing' && after.state === 'inSync'
      ? [
          happening('agent-recovers', 'notice', 'the fence is true again', {
            failedS: seconds(before.stateSince, after.stateSince),
          }),
        ]
      : []),
  ];
}

const seconds = (from: number, to: number): number => Math.round((to - from) / 1000);

function missed(before: AgentStatus, after: AgentStatus): readonly Happening[] {
  const known = new Set(before.native.kept.map(({ path }) => path));
  return after.native.kept
    .filter(({ refused, path }) => refused && !known.has(path))
    .map(({ path, container }) =>
      happening('native-missed', 'warning', `${container ?? path} has no range of its own: the kernel refused it`, {
        container: container ?? '',
        path: scrub(path),
      }),
    );
}

function sources(before: AgentStatus, after: AgentStatus): readonly Happening[] {
  const down = new Set(before.sources.filter(({ health }) => health === 'down').map(({ name }) => name));
  return after.sources
    .filter(({ name, health }) => health === 'down' && !down.has(name))
    .map(({ name }) =>
      happening('source-down', 'warning', `the event source ${scrub(name)} is down`, { source: scrub(name) }),
    );
}

/** What two looks at the flows say of destinations that fill up: each step is told once. Pure. */
export function fillings(before: readonly Occupancy[], after: readonly Occupancy[]): readonly Happening[] {
  const shareOf = ({ inUse, available }: Occupancy): number => (available === 0 ? 0 : inUse / available);
  return after.flatMap((row) => {
    const old = before.find(
      (one) =>
        one.address === row.address &&
        one.port === row.port &&
        one.leaving === row.leaving &&
        one.protocol === row.protocol,
    );
    const [was, is] = [old ? shareOf(old) : 0, shareOf(row)];
    const to = endText(row.address, row.port);
    const words = `${percentText(row.inUse, row.available)} of the ports towards ${to} are in use (portfence why ${to})`;
    const fields = { destination: row.address, port: row.port, inUse: row.inUse, available: row.available };
    if (is >= 0.8 && was < 0.8) return [happening('range-nearly-full', 'error', words, fields)];
    if (row.fillingSince !== null && !old?.fillingSince) return [happening('range-filling', 'warning', words, fields)];
    return [];
  });
}

const happening = (event: EventName, level: Level, message: string, fields: Happening['fields']): Happening => ({
  ...{ event, level, message, fields },
});

/** The same as a line of JSON; `now` in ms since the epoch. */
export function jsonLine(
  now: number,
  { event, level, message, fields }: Partial<Happening> & { message: string },
): string {
  return JSON.stringify({
    time: new Date(now).toISOString(),
    level: level ?? 'info',
    ...(event ? { event } : {}),
    message,
    ...fields,
  });
}

/** The same in the form that `logger --journald` reads: one field a line. */
export function journalFields({ event, level, message, fields }: Happening): string {
  const name = (key: string): string => `PORTFENCE_${key.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
  const lines = Object.entries(fields).map(([key, value]) => `${name(key)}=${String(value).replaceAll('\n', ' ')}`);
  return [
    `MESSAGE=${message.replaceAll('\n', ' ')}`,
    `PRIORITY=${PRIORITY[level]}`,
    'SYSLOG_IDENTIFIER=portfence',
    `PORTFENCE_EVENT=${event}`,
    ...lines,
  ]
    .map((line) => `${line}\n`)
    .join('');
}
