import { stateFolder } from '../survey/state.ts';
import type { System } from '../system/system.ts';
import type { NativeReport } from './native/native.ts';

/** What the agent tells others; `portfence status` shows it. */
export interface AgentReport {
  readonly pid: number;
  /** Milliseconds since the epoch. */
  readonly since: number;
  looks: number;
  /** How often it found something to mend. */
  healed: number;
  native: NativeReport;
}

const fileIn = (folder: string): string => `${folder}/agent.json`;

export async function writeReport(system: System, report: AgentReport): Promise<void> {
  const path = fileIn(await stateFolder(system));
  await system.writeText(path, `${JSON.stringify(report)}\n`);
}

/** The running agent's report; undefined where none runs. */
export async function readReport(system: System): Promise<AgentReport | undefined> {
  const text = await system.readText(fileIn(await stateFolder(system)));
  if (text === undefined) return undefined;
  const report = JSON.parse(text) as AgentReport;
  const command = await system.readText(`/proc/${report.pid}/cmdline`);
  return command?.includes('agent') ? report : undefined;
}

export async function forgetReport(system: System): Promise<void> {
  await system.remove(fileIn(await stateFolder(system)));
}
