import process from 'node:process';
import { EXIT } from '../errors.ts';
import { realSystem } from '../system/real.ts';
import { failureText } from './failure.ts';
import { buildProgram, CommandLineError } from './program.ts';

// It speaks of later versions of the AWS SDK than the one that comes with us.
process.env['AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED'] ??= 'true';

/** Where no terminal tells how wide it is. */
const PIPE_WIDTH = 100;

/** The only place that writes to stdout and exits. */
async function main(): Promise<void> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(EXIT.fine);
    throw error;
  });
  try {
    let exit: number = EXIT.fine;
    const program = buildProgram(
      {
        system: realSystem,
        say,
        colour: (process.stdout.isTTY ?? false) && process.env['NO_COLOR'] === undefined,
        width: process.stdout.columns ?? PIPE_WIDTH,
      },
      (answer, json) => {
        const text = json
          ? `${JSON.stringify(answer.json, null, 2)}\n`
          : answer.text.map((line) => `${line}\n`).join('');
        process.stdout.write(text);
        exit = answer.exit;
      },
    );
    await program.parseAsync(process.argv);
    process.exitCode = exit;
  } catch (error) {
    if (error instanceof CommandLineError) {
      process.exitCode = error.exit;
      return;
    }
    const failure = failureText(error);
    for (const line of failure.lines) say(line);
    process.exit(failure.exit); // Something that waits may still be open; there is nothing left to wait for.
  }
}

await main();
