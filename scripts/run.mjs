import { spawn, spawnSync } from 'node:child_process';
import { constants } from 'node:os';
import process from 'node:process';

const say = (line) => process.stderr.write(`${line}\n`);
const isStopping = new Set();

/** Whoever presses Ctrl-C reaches the whole group; what runs in front of us tidies up first, and its exit code is ours. */
export function run(command, args, { env = {}, quiet = false } = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: quiet ? ['ignore', 'pipe', 'pipe'] : 'inherit',
      env: { ...process.env, ...env },
    });
    let output = '';
    for (const stream of quiet ? [child.stdout, child.stderr] : [])
      stream.on('data', (chunk) => {
        output += chunk;
      });
    const pass = (signal) => {
      isStopping.add(signal);
      if (signal !== 'SIGINT') child.kill(signal);
    };
    const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'];
    for (const signal of signals) process.on(signal, pass);
    const finish = (code) => {
      for (const signal of signals) process.off(signal, pass);
      if (quiet && code !== 0) say(output.trim());
      resolve(code);
    };
    child.on('error', (error) => {
      say(`${command}: ${error.message}`);
      finish(127);
    });
    child.on('close', (code, signal) => finish(code ?? 128 + (constants.signals[signal] ?? 0)));
  });
}

/** Runs a step of the set-up; ends this process with its exit code where it fails or somebody pressed Ctrl-C. */
export async function step(words, command, args, options) {
  say(`setup: ${words}`);
  const code = await run(command, args, { quiet: true, ...options });
  if (isStopping.size > 0) throw new SetupFailure('stopped', 130);
  if (code !== 0) throw new SetupFailure(`${words}: ${command} ended with ${code}`, 3);
}

/** A reason to end that needs no stack. */
export class SetupFailure extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/** Whether a command succeeds; its output is dropped. */
export const succeeds = (command, ...args) => spawnSync(command, args, { stdio: 'ignore' }).status === 0;

/** Ends the process with what `work` gives. */
export async function exitWith(work) {
  try {
    process.exitCode = await work();
  } catch (error) {
    if (!(error instanceof SetupFailure)) throw error;
    say(error.message);
    process.exitCode = error.code;
  }
}
