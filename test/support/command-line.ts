import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import type { Namespace } from '../../src/lab/namespace.ts';
import type { Argv, CommandResult, RunOptions } from '../../src/system/system.ts';

const launcher = fileURLToPath(new URL('../../bin/portfence', import.meta.url));

/** The single executable, where the tests are to run against it (`npm run test:executable`). */
export const EXECUTABLE = process.env['PORTFENCE_EXECUTABLE'];

/** What runs portfence as a person does: what was built, or the single executable. */
export const COMMAND: Argv = EXECUTABLE ? [EXECUTABLE] : [process.execPath, launcher];

/** The built command as a person runs it inside a namespace, with a state folder of its own. */
export interface CommandLine {
  readonly folder: string;
  argv(args: readonly string[]): Argv;
  run(args: readonly string[], options?: RunOptions): Promise<CommandResult>;
  /** Runs with --json and gives the document; throws where stdout holds anything else. */
  json(args: readonly string[]): Promise<{ code: number; document: Record<string, unknown> }>;
  close(): Promise<void>;
}

/** Makes the folder; `close` removes it. */
export async function commandLine(namespace: Namespace): Promise<CommandLine> {
  const folder = await mkdtemp(join(tmpdir(), 'portfence-cli-'));
  const env = { PORTFENCE_STATE_DIR: join(folder, 'state') };
  const argv = (args: readonly string[]): Argv => [...COMMAND, ...args];
  const run = (args: readonly string[], options: RunOptions = {}) =>
    namespace.run(argv(args), { ...options, env: { ...env, ...options.env } });
  return {
    folder,
    argv: (args) => ['env', `PORTFENCE_STATE_DIR=${env.PORTFENCE_STATE_DIR}`, ...argv(args)],
    run,
    json: async (args) => {
      const { code, stdout } = await run([...args, '--json']);
      return { code, document: JSON.parse(stdout) };
    },
    close: () => rm(folder, { recursive: true, force: true }),
  };
}
