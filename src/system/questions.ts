import process from 'node:process';
import { createInterface, type Interface } from 'node:readline';
import { PortfenceError } from '../errors.ts';

/** Questions to the person at a terminal. */
export interface Questions {
  /** Asks, and gives the next line without the blanks around it. Throws INTERRUPTED at the end of input. */
  ask(question: string): Promise<string>;
  /** Lets go of the terminal. */
  close(): void;
}

/**
 * Nothing is read before the first question; lines that were typed ahead answer the next ones. Ctrl-C ends the process as it
 * does without a question.
 */
export function questionsAt(input: NodeJS.ReadableStream, output: NodeJS.WritableStream): Questions {
  let lines: Interface | undefined;
  let hasEnded = false;
  const ahead: string[] = [];
  let answered = (): void => {};
  const open = (): Interface => {
    const opened = createInterface({ input, output });
    opened.on('line', (line) => {
      ahead.push(line.trim());
      answered();
    });
    opened.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
    opened.on('close', () => {
      hasEnded = true;
      answered();
    });
    return opened;
  };
  return {
    ask: async (question) => {
      lines ??= open();
      if (!hasEnded) {
        lines.setPrompt(question);
        lines.prompt();
      }
      while (ahead.length === 0 && !hasEnded) {
        await new Promise<void>((resolve) => {
          answered = resolve;
        });
      }
      const answer = ahead.shift();
      if (answer === undefined) throw new PortfenceError('INTERRUPTED', 'no answer: nothing more is done');
      return answer;
    },
    close: () => lines?.close(),
  };
}
