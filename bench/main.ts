import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { failureText } from '../src/cli/failure.ts';
import { EXIT, type ExitCode, PortfenceError } from '../src/errors.ts';
import { interruptible } from '../src/system/interrupt.ts';
import { type Ask, readArguments, USAGE } from './arguments.ts';
import { benchCommands } from './commands/bench.ts';
import { commandsPage } from './commands/page.ts';
import { compareFences } from './compare/compare.ts';
import { comparisonPage } from './compare/page.ts';

/** What a bench saw: a page for people, a document for scripts, and whether it is as promised. */
interface Seen {
  readonly page: { readonly file: string; readonly lines: readonly string[] };
  readonly json: unknown;
  readonly kept: boolean;
}

const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function see({ bench, runs }: Ask, signal: AbortSignal): Promise<Seen> {
  if (bench === 'commands') {
    const seen = await benchCommands({ runs, say, signal });
    return { page: { file: 'commands.md', lines: commandsPage(seen) }, json: seen, kept: seen.met };
  }
  const seen = await compareFences({ say, signal });
  return { page: { file: 'comparison.md', lines: comparisonPage(seen) }, json: seen, kept: seen.clean };
}

async function main(): Promise<ExitCode> {
  const ask = readArguments(process.argv.slice(2));
  if (ask === 'help') {
    process.stdout.write(USAGE);
    return EXIT.fine;
  }
  if (process.geteuid?.() !== 0)
    throw new PortfenceError('NOT_ROOT', 'the lab makes network namespaces, which needs root', {
      hint: 'run: sudo npm run bench',
    });
  const { page, json, kept } = await interruptible((signal) => see(ask, signal));
  const text = `${page.lines.join('\n')}\n`;
  process.stdout.write(ask.json ? `${JSON.stringify(json, null, 2)}\n` : text);
  await mkdir(ask.folder, { recursive: true });
  const path = join(ask.folder, page.file);
  await writeFile(path, text);
  say(`wrote ${path}`);
  return kept ? EXIT.fine : EXIT.no;
}

try {
  process.exitCode = await main();
} catch (error) {
  const failure = failureText(error);
  for (const line of failure.lines) say(line);
  process.exitCode = failure.exit;
}
