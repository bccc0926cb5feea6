import process from 'node:process';
import { PortfenceError } from '../errors.ts';

/** Keys by name; a printable key is its character. */
export type Key =
  | 'up'
  | 'down'
  | 'left'
  | 'right'
  | 'enter'
  | 'escape'
  | 'backspace'
  | 'page-up'
  | 'page-down'
  | (string & {});

/** The whole screen of a terminal. */
export interface Terminal {
  size(): { readonly columns: number; readonly rows: number };
  write(text: string): void;
  /** Leaves the terminal as it was. A second call does nothing. */
  close(): void;
}

const ENTER = '\x1b[?1049h\x1b[?25l\x1b[2J';
const LEAVE = '\x1b[0m\x1b[?25h\x1b[?1049l';

const SEQUENCES: Readonly<Record<string, Key>> = {
  ...{ '\x1b[A': 'up', '\x1b[B': 'down', '\x1b[C': 'right', '\x1b[D': 'left', '\x1bOA': 'up', '\x1bOB': 'down' },
  ...{ '\t': '\t', '\r': 'enter', '\n': 'enter', '\x1b': 'escape', '\x7f': 'backspace', '\b': 'backspace' },
  ...{ '\x1b[5~': 'page-up', '\x1b[6~': 'page-down', '\x03': 'q', '\x04': 'q' },
};

/**
 * Takes the whole terminal: the alternate screen, no cursor, each key as it is pressed (Ctrl-C and Ctrl-D as `q`). The screen
 * comes back however this process ends, kill -9 apart. Throws USAGE where standard input and output are no terminal.
 */
export function openTerminal(on: { readonly key: (key: Key) => void; readonly resize: () => void }): Terminal {
  const { stdin, stdout } = process;
  if (!stdin.isTTY || !stdout.isTTY)
    throw new PortfenceError('USAGE', 'this view needs a terminal', { hint: 'for scripts: portfence flows --json' });
  const take = (bytes: Buffer): void => {
    for (const key of keysIn(bytes.toString('utf8'))) on.key(key);
  };
  let closed = false;
  const close = (): void => {
    if (closed) return;
    closed = true;
    stdin.off('data', take);
    stdout.off('resize', on.resize);
    process.off('exit', close);
    stdin.setRawMode(false);
    stdin.pause();
    stdout.write(LEAVE);
  };
  stdin.setRawMode(true);
  stdin.on('data', take);
  stdout.on('resize', on.resize);
  process.on('exit', close); // Also after an error that no one caught.
  stdout.write(ENTER);
  return {
    size: () => ({ columns: stdout.columns || 80, rows: stdout.rows || 24 }),
    write: (text) => void (closed || stdout.write(text)),
    close,
  };
}

/** What was pressed, of bytes that may hold several keys. */
export function keysIn(text: string): Key[] {
  const keys: Key[] = [];
  for (let at = 0; at < text.length; ) {
    const sequence = /^\x1b(?:\[[0-9;]*[A-Za-z~]|O[A-Z])/.exec(text.slice(at))?.[0] ?? text[at] ?? '';
    const key = SEQUENCES[sequence] ?? (sequence.length === 1 && sequence >= ' ' ? sequence : undefined);
    if (key !== undefined) keys.push(key);
    at += sequence.length;
  }
  return keys;
}
