import { ownCommand } from '../system/own-program.ts';
import type { RunPortfence } from './scenario.ts';

/** A socket that is never there. */
const NO_ENGINE = 'unix:///nonexistent/docker.sock';
const PATIENCE_MS = 120_000;

/** Runs this same portfence inside the namespace, as a process of its own. */
export const runPortfence: RunPortfence = (args, { ns, stateFolder, engine }) =>
  ns.run([...ownCommand(), ...args], {
    timeoutMs: PATIENCE_MS,
    env: { PORTFENCE_STATE_DIR: stateFolder, DOCKER_HOST: engine ?? NO_ENGINE },
  });
