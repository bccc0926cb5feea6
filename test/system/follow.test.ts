import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { follow, followSocket } from '../../src/system/follow.ts';

test('gives the lines of a command, which ends when it is stopped', async () => {
  const lines: string[] = [];
  const cat = follow(['cat'], (line) => lines.push(line));
  cat.write('one');
  cat.write('two');
  await vi.waitFor(() => expect(lines).toEqual(['one', 'two']));
  await cat.stop();
});

test('a command that does not exist has ended', async () => {
  await follow(['/nonexistent/command'], () => {}).ended;
});

test('an engine that breaks off in the middle of its events ends the stream, and nothing else', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'portfence-follow-'));
  const path = join(folder, 'socket');
  let answering: ServerResponse | undefined;
  const server = createServer((_, answer) => {
    answering = answer;
    answer.write('{"Type":"network"}\n{"Ty');
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const lines: string[] = [];
  const events = followSocket(path, '/events', (line) => lines.push(line));
  await vi.waitFor(() => expect(lines).toEqual(['{"Type":"network"}']));
  answering?.socket?.destroy();
  await events.ended;
  server.close();
  await followSocket(join(folder, 'nobody'), '/events', () => {}).ended;
  await rm(folder, { recursive: true });
});
