import { spawn } from 'node:child_process';
import { readlink } from 'node:fs/promises';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { PortfenceError } from '../errors.ts';
import { run, toolEnvironment } from './run.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/portfence', import.meta.url));

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
    const unit = await run([
      'systemd-run',
      '--quiet',
      '--collect',
      ...environment,
      process.execPath,
      LAUNCHER,
      ...args,
    ]);
    if (unit.code === 0) return;
  }
  await new Promise<void>((resolve, reject) => {
    const child = spawn(process.execPath, [LAUNCHER, ...args], {
      detached: true,
      stdio: 'ignore',
      cwd: '/',
      env: toolEnvironment(),
    });
    child.on('error', (cause) =>
      reject(new PortfenceError('SYSTEM', `can't start ${process.execPath} in the background`, { cause })),
    );
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
