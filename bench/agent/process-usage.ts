import { readdir, readFile } from 'node:fs/promises';

/** What a process and all its descendants use at this moment. */
interface Usage {
  /** Resident pages; those that several share are counted for each, so that it never depends on who else runs. */
  readonly megabytes: number;
  /** Since they began, children that have ended included. */
  readonly cpuSeconds: number;
}

const TICKS_PER_SECOND = 100; // USER_HZ, the same on every architecture that Node runs on.

/** Sums up a process and all below it, from /proc (proc(5)). */
export async function processTreeUsage(pid: number): Promise<Usage> {
  const members = await Promise.all([usageOf(pid), ...(await childrenOf(pid)).map(processTreeUsage)]);
  const sum = (of: (usage: Usage) => number): number => members.reduce((total, one) => total + of(one), 0);
  return { megabytes: sum(({ megabytes }) => megabytes), cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds) };
}

async function usageOf(pid: number): Promise<Usage> {
  const [rollup, stat] = await Promise.all([
    readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => ''),
    readFile(`/proc/${pid}/stat`, 'utf8').catch(() => ''),
  ]);
  // The command's name stands in brackets and may hold blanks; 14 to 17 of proc(5) are the times.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return {
    megabytes: Number(/^Rss:\s+(\d+) kB/m.exec(rollup)?.[1] ?? 0) / 1000,
    cpuSeconds: ticks / TICKS_PER_SECOND,
  };
}

async function childrenOf(pid: number): Promise<readonly number[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const lists = await Promise.all(
    threads.map((thread) => readFile(`/proc/${pid}/task/${thread}/children`, 'utf8').catch(() => '')),
  );
  return lists.flatMap((list) => list.split(' ').filter(Boolean).map(Number));
}
