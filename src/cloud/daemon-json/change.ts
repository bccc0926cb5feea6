import { PortfenceError } from '../../errors.ts';
import type { System } from '../../system/system.ts';
import { serversOf } from './edit.ts';
import { type DockerDaemon, findDockerDaemon, restartEngine, UNIT, validate } from './engine.ts';
import { hostResolvers } from './host-resolvers.ts';
import { beforeUs, digest, mergeServers, type PresentDaemonJson } from './merge.ts';
import { backupFile, readRecord, recordFile, recordText } from './record.ts';

/** How Docker's configuration file is changed; `file` is an absolute path. */
export interface ChangeOptions {
  readonly file: string;
  /** Changes nothing. */
  readonly dryRun: boolean;
  /** Restarts Docker where it has not read the file yet. */
  readonly restart: boolean;
}

/** What a merge or a removal changed, or with `dryRun` would change. */
export interface DnsChange {
  readonly file: string;
  /** The texts; undefined where there is no file. */
  readonly from: string | undefined;
  readonly to: string | undefined;
  readonly servers: readonly string[];
  /** The copy of what was there before us; null where there was nothing. */
  readonly backup: string | null;
  readonly restart: 'not needed' | 'needed' | 'done';
  readonly notes: readonly string[];
}

/** Merges the resolvers into daemon.json. Throws DAEMON_JSON, STATE, USAGE, NOT_ROOT or SYSTEM, with the file as it was. */
export async function mergeDns(system: System, wanted: readonly string[], options: ChangeOptions): Promise<DnsChange> {
  const { file, dryRun } = options;
  const present = await readPresent(system, file);
  const merged = mergeServers(present, wanted);
  const engine = await engineOf(system, options);
  const changes = merged.text !== present.text;
  if (engine?.dnsFlag !== undefined && merged.servers.length > 0)
    throw new PortfenceError(
      'USAGE',
      `${engine.dnsFlag} is given --dns, and Docker does not start with a key in both places`,
      {
        hint: `name ${wanted.join(' and ')} there, or take the flag away. Nothing was written`,
      },
    );
  const existed = merged.before !== undefined;
  const unchecked: string[] = [];
  if (changes && !dryRun) {
    const record = {
      version: 1,
      added: merged.added,
      existed,
      wrote: digest(merged.text),
      unread: engine?.process ?? null,
    } as const;
    const inspect = async (temporary: string): Promise<void> => {
      if ((await validate(system, { file: temporary, shown: file })) === 'unchecked')
        unchecked.push(
          'Docker did not check the file: there is no dockerd here, or one before 23.0, which lacks --validate',
        );
      if (merged.before !== undefined) await system.replaceText(backupFile(file), merged.before, { like: file });
      await system.replaceText(recordFile(file), recordText(record), { like: file });
    };
    await system.replaceText(file, merged.text, { inspect });
  }
  const unread = changes ? engine?.process !== undefined : isUnread(present, engine);
  return {
    file,
    from: present.text,
    to: changes ? merged.text : present.text,
    servers: merged.servers,
    backup: existed && (changes || present.record) ? backupFile(file) : null,
    restart: await restarted(system, options, unread),
    notes: [...(await needlessNotes(system, wanted)), ...engineNotes(engine, file), ...unchecked],
  };
}

/** Puts back what was there before `mergeDns`; what others changed since stays. Throws what `mergeDns` throws. */
export async function removeDns(system: System, options: ChangeOptions): Promise<DnsChange> {
  const { file, dryRun } = options;
  const present = await readPresent(system, file);
  const to = present.record ? beforeUs(present) : present.text;
  const engine = await engineOf(system, options);
  const changes = to !== present.text;
  if (!dryRun) {
    if (changes && to !== undefined) await system.replaceText(file, to, {});
    for (const path of [
      ...(changes && to === undefined ? [file] : []),
      ...(present.record ? [backupFile(file), recordFile(file)] : []),
    ])
      await system.remove(path);
  }
  // An engine that never read what was merged knows nothing that goes.
  const unread = changes && engine?.process !== undefined && !isUnread(present, engine);
  return {
    file,
    from: present.text,
    to,
    servers: serversOf({ text: to ?? '', file }),
    backup: null,
    restart: await restarted(system, options, unread),
    notes: engineNotes(engine, file),
  };
}

async function readPresent(system: System, file: string): Promise<PresentDaemonJson> {
  const read = (path: string): Promise<string | undefined> => system.readText(path);
  const [text, record, backup] = await Promise.all([read(file), read(recordFile(file)), read(backupFile(file))]);
  return { file, text, record: readRecord(record, recordFile(file)), backup };
}

/** The engine, where it is one that reads this file. */
async function engineOf(system: System, { file, restart, dryRun }: ChangeOptions): Promise<DockerDaemon | undefined> {
  const engine = await findDockerDaemon(system);
  if (restart && !dryRun && engine.process !== undefined && !engine.isUnit)
    throw new PortfenceError('USAGE', `--restart: dockerd runs here, but not as ${UNIT}`, {
      hint: 'leave --restart away and restart it the way it was started. Nothing was written',
    });
  return engine.configFile === file ? engine : undefined;
}

const isUnread = ({ record }: PresentDaemonJson, engine: DockerDaemon | undefined): boolean =>
  typeof record?.unread === 'string' && record.unread === engine?.process;

async function restarted(
  system: System,
  { restart, dryRun }: ChangeOptions,
  unread: boolean,
): Promise<DnsChange['restart']> {
  if (!unread) return 'not needed';
  if (!restart || dryRun) return 'needed';
  await restartEngine(system);
  return 'done';
}

const engineNotes = (engine: DockerDaemon | undefined, file: string): readonly string[] =>
  engine === undefined ? [`Docker on this host does not read ${file}`] : [];

async function needlessNotes(system: System, wanted: readonly string[]): Promise<readonly string[]> {
  const { file, servers } = await hostResolvers(system);
  if (!wanted.every((server) => servers.includes(server))) return [];
  return [
    `this merge is not needed here: Docker gives containers ${wanted.join(' and ')} anyway, from ${file}, and no network ACL filters Amazon's DNS`,
  ];
}
