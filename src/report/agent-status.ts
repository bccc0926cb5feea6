import type { AgentStatus } from '../reconcile/agent-status.ts';

/** One line for a service manager's status. It says that the fence is true only where the kernel was read back so. */
export function agentLine(status: AgentStatus): string {
  const containers = `${status.native.given} containers have the range; mended ${status.healed} times`;
  switch (status.state) {
    case 'starting':
      return 'starting: the kernel was not read back yet';
    case 'inSync':
      return `fence true; ${containers}`;
    case 'restoring':
      return `restoring the fence; ${containers}`;
    case 'pending':
      return `an apply waits to be confirmed until ${when(status.until)}; ${containers}`;
    case 'removed':
      return 'the fence was removed: it stays removed until an apply or a new policy';
    case 'failing':
      return `FAILING since ${when(status.stateSince)}: ${oneLine(status.lastError?.message ?? 'no reason is known')}`;
  }
}

const when = (ms: number | null): string => (ms === null ? 'an unknown time' : new Date(ms).toISOString());
const oneLine = (text: string): string => text.split('\n')[0] ?? text;

/** An age in the largest unit that it fills: `40 s`, `3 min`, `2 h`, `5 d`. */
export function ageText(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
  return `${Math.floor(seconds / 86_400)} d`;
}

/** The lines of `status` about the agent; `now` in ms since the epoch. None where no agent runs. */
export function agentLines(status: AgentStatus | undefined, now: number): readonly string[] {
  if (!status) return [];
  const { native, pid, healed } = status;
  return [
    '',
    `agent: ${agentWord(status, now)} (pid ${pid}), ${native.given} containers have the range of the policy, mended ${healed} times`,
    ...failureLines(status, now),
    ...native.kept.map((one) => `  ${foreignText(one)}`),
    ...status.sources.flatMap(({ name, health, since }) =>
      health === 'down'
        ? [`  event source ${name}: down for ${ageText(now - since)}, looked for changes every 30 s meanwhile`]
        : [],
    ),
  ];
}

/** Milliseconds without a sign of life after which the agent counts as silent; it looks every 30 s. */
const SILENT_MS = 90_000;

function agentWord({ state, stateSince, checkedAt }: AgentStatus, now: number): string {
  if (checkedAt !== null && now - checkedAt > SILENT_MS) return `silent for ${ageText(now - checkedAt)}`;
  if (state === 'failing') return `FAILING for ${ageText(now - stateSince)}`;
  return state === 'inSync' ? 'running' : `running, ${state}`;
}

function failureLines({ state, lastError, lastSuccess }: AgentStatus, now: number): readonly string[] {
  if (state !== 'failing' || !lastError) return [];
  const success = lastSuccess === null ? 'never since it started' : `${ageText(now - lastSuccess)} ago`;
  return [`  ${oneLine(lastError.message)} (last in sync: ${success})`];
}

function foreignText({ path, container, settings, refused }: AgentStatus['native']['kept'][number]): string {
  const values = Object.entries(settings).map(([key, value]) => `${key} '${value}'`);
  const reason = refused ? 'the kernel refused the value of the policy' : 'it was chosen for this container';
  return `${container ?? path} keeps ${values.join(' and ')}: ${reason}`;
}
