import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { RunPortfence } from './scenario.ts';

const LAUNCHER = fileURLToPath(new URL('../../bin/portfence', import.meta.url));
/** A socket that is never there. */
const NO_ENGINE = 'unix:///nonexistent/docker.sock';
const PATIENCE_MS = 120_000;

/** Runs this same portfence inside the namespace, as a process of its own. */
export const runPortfence: RunPortfence = (args, { ns, stateFolder, engine }) =>
  ns.run([process.execPath, LAUNCHER, ...args], {
    timeoutMs: PATIENCE_MS,
    env: { PORTFENCE_STATE_DIR: stateFolder, DOCKER_HOST: engine ?? NO_ENGINE },
  });
