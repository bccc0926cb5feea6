import { errnoOf } from '../system/errno.ts';
import type { System } from '../system/system.ts';
import type { AgentIdentity, AgentStatus } from './agent-status.ts';
import { agentSocket, stateFolder } from './state.ts';

const fileIn = (folder: string): string => `${folder}/agent.json`;

/** Milliseconds after which a report of a process that can't be asked about is no sign of life any more; it comes every 30 s. */
const FRESH_MS = 90_000;

/** Milliseconds that an agent has to answer; one that is late lives. */
const ANSWER_MS = 2000;

/** What an older version wrote has the pid and fewer keys. */
type Report = AgentStatus | (Pick<AgentStatus, 'pid'> & Partial<AgentStatus>);

/** Writes the report of the running agent. Throws what the file system's refusal throws. */
export async function writeAgentStatus(system: System, status: AgentStatus): Promise<void> {
  await system.writeText(fileIn(await stateFolder(system)), `${JSON.stringify(status)}\n`);
}

/**
 * The report of the agent that runs for this network namespace, also of one that can't be seen (in a pid namespace of its own,
 * or hidden) but reported a moment ago and listens; undefined where none runs, or where the file is damaged.
 */
export async function readAgentStatus(system: System): Promise<AgentStatus | undefined> {
  const report = await readReport(system);
  return report && (await isAlive(system, report)) ? withDefaults(report) : undefined;
}

/** Removes the report and the agent's socket; where `own` is given, only those of this process. */
export async function forgetAgentStatus(system: System, own?: AgentIdentity): Promise<void> {
  const report = own && (await readReport(system));
  if (own && report && (report.pid !== own.pid || report.process !== own.process)) return;
  await system.remove(await agentSocket(system)); // A killed agent leaves it.
  await system.remove(fileIn(await stateFolder(system)));
}

/** What names this process, from inside its pid namespace. */
export async function ownIdentity(system: System): Promise<AgentIdentity> {
  const process = (await system.processIdentity(system.pid).catch(() => undefined)) ?? null;
  return { pid: system.pid, process, pidNamespace: await ownPidNamespace(system) };
}

async function ownPidNamespace(system: System): Promise<string | null> {
  return (await system.linkTarget('/proc/self/ns/pid').catch(() => undefined)) ?? null;
}

async function isAlive(system: System, report: Report): Promise<boolean> {
  const here = await ownPidNamespace(system);
  const isElsewhere = report.pidNamespace && here && report.pidNamespace !== here;
  if (isElsewhere || (await areProcessesHidden(system)))
    return system.now() - (report.checkedAt ?? report.since ?? 0) < FRESH_MS && !(await isDeserted(system));
  if (report.process) return report.process === (await system.processIdentity(report.pid).catch(() => undefined));
  const command = await system.readText(`/proc/${report.pid}/cmdline`).catch(() => undefined);
  return command?.split('\0').includes('agent') ?? false;
}

/** Whether /proc shows this process its own and no others (`hidepid` of proc(5), without CAP_SYS_PTRACE): the first is always there. */
async function areProcessesHidden(system: System): Promise<boolean> {
  return (await system.readText('/proc/1/stat').catch(() => undefined)) === undefined;
}

/** Whether no process listens on the agent's socket: an agent that is killed leaves the file behind. */
async function isDeserted(system: System): Promise<boolean> {
  try {
    await system.getJson(await agentSocket(system), '/api/status', ANSWER_MS);
    return false;
  } catch (error) {
    return errnoOf(error) === 'ECONNREFUSED';
  }
}

async function readReport(system: System): Promise<Report | undefined> {
  const text = await system.readText(fileIn(await stateFolder(system)));
  try {
    const report: unknown = JSON.parse(text ?? '');
    if (typeof report !== 'object' || report === null || !('pid' in report)) return undefined;
    return typeof report.pid === 'number' && Number.isInteger(report.pid) ? (report as Report) : undefined;
  } catch {
    return undefined;
  }
}

/** A report of an older version says nothing of its state: it is taken for one that is in sync. */
function withDefaults(report: Report): AgentStatus {
  return {
    version: 1,
    ...{ process: null, pidNamespace: null, since: 0, state: 'inSync', stateSince: report.since ?? 0 },
    ...{ until: null, lastSuccess: null, lastError: null, checkedAt: null, drift: [], counters: null },
    ...{ looks: 0, healed: 0, native: { given: 0, kept: [], folders: [] }, sources: [] },
    ...report,
  };
}
