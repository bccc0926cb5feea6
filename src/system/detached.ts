import { readlink } from 'node:fs/promises';
import process from 'node:process';
import { spawnError } from './errno.ts';
import { ownCommand } from './own-program.ts';
import { run } from './run.ts';
import { spawnOrFail, toolEnvironment } from './spawn.ts';

/**
 * Starts portfence in the background so that it outlives the terminal: as a transient unit where systemd runs this network
 * namespace (a logout may end every process of the session: KillUserProcesses), else in a session of its own.
 */
export async function startDetached(args: readonly string[]): Promise<void> {
  const settings = Object.entries(process.env).filter(
    ([name]) => name.startsWith('PORTFENCE_') || name === 'DOCKER_HOST',
  );
  if (await systemdRunsThisNamespace()) {
    const environment = settings.map(([name, value]) => `--setenv=${name}=${value ?? ''}`);
    const unit = await run(['systemd-run', '--quiet', '--collect', ...environment, ...ownCommand(), ...args]);
    if (unit.code === 0) return;
  }
  const [program, ...first] = ownCommand();
  const child = spawnOrFail(program, [...first, ...args], {
    ...{ detached: true, stdio: 'ignore', cwd: '/', env: toolEnvironment() },
  });
  if (child instanceof Error) throw spawnError(child, program);
  await new Promise<void>((resolve, reject) => {
    child.on('error', (cause) => reject(spawnError(cause, program)));
    child.on('spawn', () => {
      child.unref();
      resolve();
    });
  });
}

async function systemdRunsThisNamespace(): Promise<boolean> {
  try {
    const [init, own, booted] = await Promise.all([
      readlink('/proc/1/ns/net'),
      readlink('/proc/self/ns/net'),
      run(['test', '-d', '/run/systemd/system']),
    ]);
    return init === own && booted.code === 0;
  } catch {
    return false;
  }
}
