import { Buffer } from 'node:buffer';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { realSystem } from '../../../src/system/real.ts';
import { missing, scriptedSystem } from '../../support/scripted-system.ts';

const folder = mkdtempSync(join(tmpdir(), 'portfence-contract-'));
afterAll(() => rmSync(folder, { recursive: true }));
const LONG = 'äöü 0123456789\n'.repeat(50_000);
const [file, gone] = [join(folder, 'long'), join(folder, 'gone')];
writeFileSync(file, LONG);
const PRINT = ['cat', file] as const;
const MISSING = ['/nonexistent/tool'] as const;
const fake = scriptedSystem({
  folders: [folder],
  files: { [file]: LONG },
  commands: { [PRINT.join(' ')]: { code: 4, stdout: LONG, stderr: 'words' }, [MISSING[0]]: missing(MISSING[0]) },
});

describe.each([
  ['on the machine', realSystem, 0],
  ['in the fake', fake, 4],
] as const)('streams of bytes %s', (_, system, code) => {
  test('a file comes whole, in pieces whose buffer is used again', async () => {
    const pieces: Buffer[] = [];
    expect(await system.readBytes(file, (bytes, count) => pieces.push(Buffer.from(bytes.subarray(0, count))))).toBe(
      true,
    );
    expect(Buffer.concat(pieces).toString()).toBe(LONG);
  });

  test('a missing file is no error, and gives nothing', async () => {
    expect(await system.readBytes(gone, () => expect.fail('nothing is there'))).toBe(false);
  });

  test('a folder can not be read, and that is said', async () => {
    await expect(system.readBytes(folder, () => {})).rejects.toMatchObject({ code: 'SYSTEM', errno: 'EISDIR' });
  });

  test('what a command prints comes as it prints it, and is not kept', async () => {
    const pieces: Buffer[] = [];
    const done = await system.runBytes(PRINT, (bytes, count) => pieces.push(Buffer.from(bytes.subarray(0, count))));
    expect(done).toMatchObject({ code, stdout: '' });
    expect(Buffer.concat(pieces).toString()).toBe(LONG);
  });

  test('what the taker throws is thrown', async () => {
    const fail = (): never => {
      throw new Error('enough');
    };
    await expect(system.readBytes(file, fail)).rejects.toThrow('enough');
    await expect(system.runBytes(PRINT, fail)).rejects.toThrow('enough');
  });

  test('a command that does not exist ends with 127', async () => {
    expect((await system.runBytes(MISSING, () => {})).code).toBe(127);
  });
});

test('a command that runs too long is ended', async () => {
  const done = await realSystem.runBytes(['sleep', '1000'], () => {}, 20);
  expect(done.stderr).toContain('did not end within 20 ms');
  expect(done.code).not.toBe(0);
});
