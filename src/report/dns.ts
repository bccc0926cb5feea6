import type { DnsChange } from '../cloud/daemon-json/change.ts';
import { textDiff } from './text-diff.ts';

interface Words {
  readonly json: unknown;
  readonly text: readonly string[];
}

/** What became of daemon.json, or would become of it, for scripts and for people. */
export function dnsText(change: DnsChange, { dryRun }: { readonly dryRun: boolean }): Words {
  const { file, from, to, servers, backup, restart, notes } = change;
  const changes = from !== to;
  const diff = textDiff(file, from, to);
  const done = !changes
    ? `${file} is as it has to be: nothing to do`
    : to === undefined
      ? `${file} is gone: it was not there before`
      : `${file}: containers are given ${servers.length > 0 ? `the resolvers ${servers.join(', ')}` : "the host's resolvers"}`;
  return {
    json: { file, servers, changed: changes && !dryRun, changes, diff, backup, restart, notes },
    text: [
      ...(dryRun && changes ? diff : [done]),
      ...(backup && changes && !dryRun ? [`kept what was there in ${backup}`] : []),
      ...restartLines(restart, dryRun),
    ],
  };
}

function restartLines(restart: DnsChange['restart'], dryRun: boolean): readonly string[] {
  if (restart === 'not needed') return [];
  if (restart === 'done') return ['restarted Docker'];
  if (dryRun) return ['Docker would have to be restarted'];
  return [
    'Docker has to be restarted before containers get it: systemctl restart docker, or the same command with --restart',
  ];
}
