import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { PortfenceError } from '../../src/errors.ts';
import type { Engine } from '../../src/lab/docker.ts';
import { startLoggedChild } from '../../src/system/child.ts';
import { run } from '../../src/system/run.ts';
import { LAUNCHER } from '../agent/start-agent.ts';
import { until } from './until.ts';

const READY_MS = 30_000;
/** The log says how it ended, a signal included. */
const TELLING = '"$@"; echo "the agent ended with $?"';

/** The agent of the host under test, as an administrator handles it. */
export interface Agent {
  start(): Promise<void>;
  /** `kill -9`. */
  kill(): Promise<void>;
  hangUp(): Promise<void>;
  /** Replaces the policy file; the agent sees it by itself. */
  writePolicy(text: string): Promise<void>;
  /** The last lines that it wrote. */
  lastWords(lines: number): Promise<readonly string[]>;
  /** Settles, with why, when it ends without being killed. */
  readonly lost: Promise<string>;
}

/** The folder holds the policy, the state and the log. Nothing is started yet. */
export function agentIn(folder: string, engine: Engine, signal: AbortSignal): Agent {
  const policy = join(folder, 'policy.yaml');
  const log = join(folder, 'agent.log');
  const state = join(folder, 'state');
  const args = ['agent', '--policy', policy, '--docker-host', engine.address, '--netns', `${engine.execRoot}/netns`];
  let tellLost: (why: string) => void = () => {};
  const lost = new Promise<string>((resolve) => {
    tellLost = resolve;
  });
  let pid: number | undefined;
  let running: Promise<void> | undefined;
  const killed = new Set<Promise<void> | undefined>();
  const reported = async (): Promise<number | undefined> => {
    const text = await readFile(join(state, 'agent.json'), 'utf8').catch(() => '{}');
    return (JSON.parse(text) as { pid?: number }).pid;
  };
  const send = async (name: string): Promise<void> => {
    const { code, stderr } = await run(engine.enter(['kill', name, String(pid)]));
    if (code !== 0) throw new PortfenceError('SYSTEM', `kill ${name}: ${stderr.trim()}`);
  };
  return {
    lost,
    start: async () => {
      const before = await reported();
      const argv = engine.enter(['sh', '-c', TELLING, 'sh', process.execPath, LAUNCHER, ...args]);
      const { ended } = await startLoggedChild(argv, log, { PORTFENCE_STATE_DIR: state });
      const mine = ended.then((code) => {
        if (!killed.has(mine)) tellLost(`the agent ended by itself with ${code}`);
      });
      running = mine;
      const ready = await until(
        async () => {
          const now = await reported();
          return now !== undefined && now !== before;
        },
        READY_MS,
        signal,
      );
      if (!ready) throw new PortfenceError('SYSTEM', `the agent was not ready within ${READY_MS / 1000} s`);
      pid = await reported();
    },
    kill: async () => {
      killed.add(running);
      await send('-KILL');
      await running;
    },
    hangUp: () => send('-HUP'),
    writePolicy: async (text) => {
      await writeFile(`${policy}.new`, text);
      await rename(`${policy}.new`, policy);
    },
    lastWords: async (lines) => (await readFile(log, 'utf8').catch(() => '')).trim().split('\n').slice(-lines),
  };
}
