import { randomInt } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import process from 'node:process';
import { failureText } from '../../src/cli/failure.ts';
import { EXIT, PortfenceError } from '../../src/errors.ts';
import { interruptible } from '../../src/system/signals.ts';
import { readArguments, USAGE } from './arguments.ts';
import { chaos } from './chaos.ts';
import { chaosPage } from './page.ts';

/** The exit code that shells give a command that Ctrl-C ended. */
const INTERRUPTED = 130;
const PACE_MS = [500, 3000] as const;

const say = (line: string): void => void process.stderr.write(`${line}\n`);

/** On a terminal the line is written over the one before it. */
function progress(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${line}`);
  else say(line);
}

async function main(): Promise<number> {
  const ask = readArguments(process.argv.slice(2));
  if (ask === 'help') {
    process.stdout.write(USAGE);
    return EXIT.fine;
  }
  if (process.geteuid?.() !== 0)
    throw new PortfenceError('NOT_ROOT', 'the lab makes network namespaces, which needs root', {
      hint: 'run: sudo npm run chaos',
    });
  const seed = ask.seed ?? randomInt(1_000_000);
  const { connections, perSecond } = ask;
  const seen = await interruptible((signal) =>
    chaos({ seed, connections, perSecond, paceMs: PACE_MS, say, progress, signal }),
  );
  if (process.stderr.isTTY) say('');
  const text = `${chaosPage(seen).join('\n')}\n`;
  process.stdout.write(ask.json ? `${JSON.stringify(seen, null, 2)}\n` : text);
  if (ask.out !== undefined) {
    await mkdir(dirname(ask.out), { recursive: true });
    await writeFile(ask.out, text);
    say(`wrote ${ask.out}`);
  }
  return seen.met ? EXIT.fine : EXIT.no;
}

try {
  process.exitCode = await main();
} catch (error) {
  const failure = failureText(error);
  for (const line of failure.lines) say(line);
  process.exitCode = error instanceof PortfenceError && error.code === 'INTERRUPTED' ? INTERRUPTED : failure.exit;
}
