import { basename } from 'node:path';
import { PortfenceError } from '../../errors.ts';
import { scrubLines } from '../../scrub.ts';
import type { System } from '../../system/system.ts';

/** Docker's unit, as its packages name it. */
export const UNIT = 'docker.service';
/** Where dockerd looks for its configuration unless `--config-file` names another (dockerd(8)). */
export const DEFAULT_FILE = '/etc/docker/daemon.json';
const PID_FILE = '/run/docker.pid';
/** The field of /proc/PID/stat that holds a process's start, counted from the one behind the name (proc_pid_stat(5): 22). */
const START_FIELD = 19;

/** Docker's engine on this host, as far as it can be seen. */
export interface DockerDaemon {
  /** The running process, by number and start time; undefined where none runs. */
  readonly process: string | undefined;
  /** Whether systemd runs it as docker.service. */
  readonly isUnit: boolean;
  readonly configFile: string;
  /** Where its own command line names resolvers, for messages; undefined where it does not. */
  readonly dnsFlag: string | undefined;
}

/** Best effort: the process that runs, else the unit that would start it. */
export async function findDockerDaemon(system: Pick<System, 'run' | 'readText'>): Promise<DockerDaemon> {
  const unit = await unitProperties(system);
  const pidText = unit['MainPID'] && unit['MainPID'] !== '0' ? unit['MainPID'] : await system.readText(PID_FILE);
  const pid = pidText?.trim() ?? '';
  const running = /^\d{1,10}$/.test(pid) ? await dockerProcess(system, pid) : undefined;
  const exec = /argv\[\]=(.*?) ; /.exec(unit['ExecStart'] ?? '')?.[1]?.split(' ') ?? [];
  const args = running?.args ?? exec;
  const source = running ? `the running dockerd (process ${pid})` : `${UNIT} (ExecStart)`;
  return {
    process: running?.id,
    isUnit: running !== undefined && unit['MainPID'] === pid,
    configFile: flagValue(args, '--config-file') ?? DEFAULT_FILE,
    dnsFlag: flagValue(args, '--dns') === undefined ? undefined : source,
  };
}

async function unitProperties(system: Pick<System, 'run'>): Promise<Readonly<Record<string, string>>> {
  const { code, stdout } = await system.run(['systemctl', 'show', '--property=MainPID,ExecStart', UNIT]);
  if (code !== 0) return {};
  return Object.fromEntries(stdout.split('\n').map((line) => [line.split('=', 1)[0], line.replace(/^[^=]*=/, '')]));
}

async function dockerProcess(
  system: Pick<System, 'readText'>,
  pid: string,
): Promise<{ id: string; args: readonly string[] } | undefined> {
  const read = (name: string): Promise<string | undefined> =>
    system.readText(`/proc/${pid}/${name}`).catch(() => undefined);
  const [commandLine, stat] = [await read('cmdline'), await read('stat')];
  const args = commandLine?.split('\0') ?? [];
  if (basename(args[0] ?? '') !== 'dockerd') return undefined;
  const start = stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[START_FIELD] ?? '';
  return { id: `${pid}@${start}`, args };
}

function flagValue(args: readonly string[], flag: string): string | undefined {
  const at = args.findIndex((arg) => arg === flag || arg.startsWith(`${flag}=`));
  const arg = args[at];
  return arg === undefined ? undefined : arg === flag ? (args[at + 1] ?? '') : arg.slice(flag.length + 1);
}

/**
 * Has Docker itself check a configuration file; no engine is started. `unchecked` where there is no dockerd, or one before 23.0, which can't.
 * Throws DAEMON_JSON with its words where it refuses.
 */
export async function validate(
  system: Pick<System, 'run'>,
  { file, shown }: { readonly file: string; readonly shown: string },
): Promise<'valid' | 'unchecked'> {
  const { code, stdout, stderr } = await system.run(['dockerd', '--validate', '--config-file', file]);
  if (code === 0) return 'valid';
  if (code === 127 || /unknown flag: --validate/.test(stderr)) return 'unchecked';
  throw new PortfenceError('DAEMON_JSON', `Docker refuses ${shown} as it would be; nothing was written`, {
    detail: scrubLines((stderr || stdout).replaceAll(file, shown)),
    hint: 'correct what it names first',
  });
}

/** Throws SYSTEM with systemd's words. */
export async function restartEngine(system: Pick<System, 'run'>): Promise<void> {
  const { code, stdout, stderr } = await system.run(['systemctl', 'restart', UNIT], { timeoutMs: 180_000 });
  if (code === 0) return;
  throw new PortfenceError('SYSTEM', `systemctl restart ${UNIT} ended with ${code}`, {
    detail: scrubLines(stderr || stdout),
    hint: `journalctl -u ${UNIT} tells more; \`portfence dns --remove --restart\` puts back what was there`,
  });
}
