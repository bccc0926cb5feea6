import process from 'node:process';

/** What this process uses: resident memory in bytes, and the processor's time since it started in seconds. */
export function ownCost(): { readonly residentBytes: number; readonly cpuSeconds: number } {
  const { user, system } = process.cpuUsage();
  return { residentBytes: process.memoryUsage.rss(), cpuSeconds: (user + system) / 1e6 };
}
