import { Buffer } from 'node:buffer';
import type { ByteSink, Files, Processes, Streams } from '../../../src/system/system.ts';

/** Pieces as small as a kernel never gives: every boundary between two of them is met. */
const PIECE = 7;

/** The bytes of the fake's own files and commands. */
export function fakeStreams({ readText, run }: Pick<Files, 'readText'> & Pick<Processes, 'run'>): Streams {
  const give = (text: string, onBytes: ByteSink): void => {
    const bytes = Buffer.from(text);
    for (let at = 0; at < bytes.length; at += PIECE) {
      const piece = Buffer.from(bytes.subarray(at, at + PIECE));
      onBytes(piece, piece.length);
    }
  };
  return {
    readBytes: async (path, onBytes) => {
      const text = await readText(path);
      if (text !== undefined) give(text, onBytes);
      return text !== undefined;
    },
    runBytes: async (argv, onBytes) => {
      const done = await run(argv);
      give(done.stdout, onBytes);
      return { ...done, stdout: '' };
    },
  };
}
