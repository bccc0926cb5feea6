import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/system/run.ts';
import type { Argv } from '../../src/system/system.ts';

export const root = fileURLToPath(new URL('../../', import.meta.url));
export const dist = join(root, 'dist');
export const ARCHITECTURES = ['x64', 'arm64'] as const;
export type Architecture = (typeof ARCHITECTURES)[number];

/** How a package is built, where not as a release. */
export interface PackageOptions {
  readonly as?: string;
  /** The folder that it is written to. */
  readonly into?: string;
  /** Packs loosely: packing takes most of the time. */
  readonly fast?: boolean;
}

export const version: string = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')).version;

/** Runs a command to its end; gives standard output. Throws with the command's words where it fails. 10 minutes at most. */
export async function must(argv: Argv, { env = {}, input }: { env?: Record<string, string>; input?: string } = {}) {
  const done = await run(argv, { timeoutMs: 600_000, env, ...(input === undefined ? {} : { input }) });
  if (done.code !== 0) throw new Error(`${argv.join(' ')} ended with ${done.code}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

/** Seconds since 1970 of the commit that is built, so that two builds of it are equal. SOURCE_DATE_EPOCH goes first. */
export async function builtAt(): Promise<number> {
  const given = process.env['SOURCE_DATE_EPOCH'];
  return Number(given ?? (await must(['git', '-C', root, 'log', '-1', '--format=%ct'])).trim());
}
