import { Buffer } from 'node:buffer';
import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { type ReadAhead, startReadAhead } from '../../src/system/read-ahead.ts';
import { realSystem } from '../../src/system/real.ts';

const folder = mkdtempSync(join(tmpdir(), 'portfence-read-ahead-'));
afterAll(() => rmSync(folder, { recursive: true }));
/** More than all slots hold, and no multiple of one. */
const TEXT = Array.from({ length: 700_000 }, (_, i) => `line ${i}\n`).join('');
const long = join(folder, 'long');
writeFileSync(long, TEXT);

/** Keeps what it is given: the buffer is used again. */
function collector() {
  const pieces: Buffer[] = [];
  return {
    take: (bytes: Uint8Array, count: number): void => void pieces.push(Buffer.from(bytes.subarray(0, count))),
    text: () => Buffer.concat(pieces).toString(),
  };
}

describe('a thread that reads ahead', () => {
  const open: { thread: ReadAhead; file: number }[] = [];
  const started = async (path: string) => {
    const file = openSync(path, 'r');
    const thread = startReadAhead(file, path);
    open.push({ thread, file });
    await vi.waitFor(() => expect(thread.isReady()).toBe(true));
    return { thread, file };
  };
  afterEach(async () => {
    for (const { thread, file } of open.splice(0)) {
      await thread.stop();
      closeSync(file);
    }
  });

  test('gives the rest of a file, in its order, from where the file stands', async () => {
    const { thread, file } = await started(long);
    const [seen, first] = [collector(), Buffer.alloc(1000)];
    seen.take(first, readSync(file, first));
    await thread.rest(seen.take, 8);
    expect(seen.text()).toBe(TEXT);
  });

  test('gives nothing of a file that is read to its end', async () => {
    writeFileSync(join(folder, 'empty'), '');
    const { thread } = await started(join(folder, 'empty'));
    await thread.rest(() => expect.fail('nothing is there'), 8);
  });

  test('passes on why reading failed, with its errno', async () => {
    const { thread } = await started(folder);
    await expect(thread.rest(() => {}, 8)).rejects.toMatchObject({ code: 'SYSTEM', errno: 'EISDIR', path: folder });
  });

  test('lets other work have its turn', async () => {
    const { thread } = await started(long);
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    }, 0);
    await thread.rest(() => {}, 0);
    clearInterval(counting);
    expect(turns).toBeGreaterThan(0);
  });

  test('ends when it is stopped before it began, and while it waits for room', async () => {
    await started(long);
    const { thread } = await started(long);
    const failing = thread.rest(() => {
      throw new Error('enough');
    }, 8);
    await expect(failing).rejects.toThrow('enough');
  });
});

test('a file is the same with a thread that reads ahead and without', async () => {
  for (const ahead of [true, false]) {
    const seen = collector();
    expect(await realSystem.readBytes(long, seen.take, { ahead })).toBe(true);
    expect(seen.text()).toBe(TEXT);
  }
});

test('what the taker throws ends the reading, with a thread too', async () => {
  let count = 0;
  const reading = realSystem.readBytes(
    long,
    (_, more) => {
      count += more;
      if (count > 6_000_000) throw new Error('enough');
    },
    { ahead: true },
  );
  await expect(reading).rejects.toThrow('enough');
});
