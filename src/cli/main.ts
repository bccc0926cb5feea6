import process from 'node:process';
import { EXIT } from '../errors.ts';
import { fileError } from '../system/errno.ts';
import { questionsAt } from '../system/questions.ts';
import { realSystem } from '../system/real.ts';
import { failureText } from './failure.ts';
import { buildProgram, CommandLineError } from './program.ts';

// It speaks of later versions of the AWS SDK than the one that comes with us.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

/** Where no terminal says how wide it is. */
const PIPE_WIDTH = 100;

/** What became of standard output. A reader that has seen enough (EPIPE) is no failure. */
let unwritten: NodeJS.ErrnoException | undefined;
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') unwritten ??= error;
});
// Without a reader of messages the work goes on.
process.stderr.on('error', () => {});
process.on('uncaughtException', fail);

/** The only place that writes to stdout and exits. */
async function main(): Promise<void> {
  try {
    process.exitCode = await runProgram();
    await new Promise((resolve) => process.stdout.write('', resolve));
    if (unwritten) throw fileError(unwritten, 'write', 'the answer to standard output');
  } catch (error) {
    fail(error);
  }
}

async function runProgram(): Promise<number> {
  let exit: number = EXIT.fine;
  const questions =
    process.stdin.isTTY && process.stderr.isTTY ? questionsAt(process.stdin, process.stderr) : undefined;
  const program = await buildProgram(
    {
      system: realSystem,
      say,
      watched: process.stderr.isTTY ?? false,
      ...(questions ? { ask: questions.ask } : {}),
      colour: (process.stdout.isTTY ?? false) && process.env['NO_COLOR'] === undefined,
      width: process.stdout.columns ?? PIPE_WIDTH,
    },
    (answer, json) => {
      const text = json ? `${JSON.stringify(answer.json, null, 2)}\n` : answer.text.map((line) => `${line}\n`).join('');
      process.stdout.write(text);
      exit = answer.exit;
    },
    process.argv[2],
  );
  try {
    await program.parseAsync(process.argv);
  } catch (error) {
    if (error instanceof CommandLineError) return error.exit;
    throw error;
  } finally {
    questions?.close();
  }
  return exit;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

/** Ends at once: something that waits may still be open, and there is nothing left to wait for. */
function fail(error: unknown): never {
  const failure = failureText(error);
  for (const line of failure.lines) say(line);
  process.exit(failure.exit);
}

void main();
