import { Buffer } from 'node:buffer';
import process from 'node:process';

/** Reads standard input to its end, as UTF-8. Throws RangeError where more bytes come than that. */
export async function readInput(most: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of process.stdin) {
    const part = Buffer.from(chunk);
    bytes += part.length;
    if (bytes > most) throw new RangeError(`more than ${most} bytes on standard input`);
    chunks.push(part);
  }
  return Buffer.concat(chunks).toString('utf8');
}
