import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { failureText } from '../src/cli/failure.ts';
import { EXIT, type ExitCode, PortfenceError } from '../src/errors.ts';
import { interruptible } from '../src/system/signals.ts';
import { readArguments, USAGE } from './arguments.ts';
import type { OutputFile } from './output-file.ts';

const textOf = ({ lines }: OutputFile): string => `${lines.join('\n')}\n`;
const say = (line: string): void => void process.stderr.write(`${line}\n`);

async function main(): Promise<ExitCode> {
  const ask = readArguments(process.argv.slice(2));
  if (ask === 'help') {
    process.stdout.write(USAGE);
    return EXIT.fine;
  }
  if (!ask.bench.unprivileged && process.geteuid?.() !== 0)
    throw new PortfenceError('NOT_ROOT', 'the lab makes network namespaces, which needs root', {
      hint: 'run: sudo npm run bench',
    });
  const { bench, runs, folder } = ask;
  const { files, json, met } = await interruptible((signal) => bench.run({ runs, say, signal }));
  process.stdout.write(ask.json ? `${JSON.stringify(json, null, 2)}\n` : textOf(files[0]));
  await mkdir(folder, { recursive: true });
  for (const written of files) {
    const path = join(folder, written.file);
    await writeFile(path, textOf(written));
    say(`wrote ${path}`);
  }
  return met ? EXIT.fine : EXIT.no;
}

try {
  process.exitCode = await main();
} catch (error) {
  const failure = failureText(error);
  for (const line of failure.lines) say(line);
  process.exitCode = failure.exit;
}
