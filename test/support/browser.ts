import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import type { Argv } from '../../src/system/system.ts';

/** A page in a headless Chromium, driven by the DevTools protocol over pipes, so that it may run in another namespace. */
export interface Browser {
  open(url: string): Promise<void>;
  /** What an expression of the page's own gives. */
  evaluate<T>(expression: string): Promise<T>;
  resize(width: number, height: number): Promise<void>;
  /** What the person prefers, as `prefers-color-scheme` tells the page. */
  prefer(scheme: 'light' | 'dark'): Promise<void>;
  /** A picture of the whole page, also of what is scrolled away (PNG). */
  picture(): Promise<Buffer>;
  close(): Promise<void>;
}

interface Message {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
  readonly error?: { readonly message: string };
}

/** Starts it inside a namespace. */
export async function startBrowser(where: { enter(argv: Argv): Argv }): Promise<Browser> {
  const profile = await mkdtemp(join(tmpdir(), 'portfence-chromium-'));
  const flags = [
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    // It asks nobody but the page's own server, by its address.
    '--disable-background-networking',
    '--disable-component-update',
    '--no-first-run',
    '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1',
    '--remote-debugging-pipe',
    `--user-data-dir=${profile}`,
  ];
  const [command, ...args] = where.enter(['chromium', ...flags, 'about:blank']);
  const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] });
  const ended = once(child, 'exit');
  const [into, from] = [child.stdio[3] as Writable, child.stdio[4] as Readable];
  const waiting = new Map<number, (message: Message) => void>();
  let rest = '';
  from.on('data', (chunk: Buffer) => {
    const parts = (rest + chunk.toString('utf8')).split('\0');
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const message = JSON.parse(part) as Message;
      if (message.id !== undefined) waiting.get(message.id)?.(message);
    }
  });
  let count = 0;
  let sessionId: string | undefined;
  const send = async (method: string, params: object = {}): Promise<Record<string, unknown>> => {
    count += 1;
    const id = count;
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
    into.write(`${JSON.stringify({ id, method, params, ...(sessionId ? { sessionId } : {}) })}\0`);
    const { result, error } = await answer;
    if (error) throw new Error(`${method}: ${error.message}`);
    return result ?? {};
  };
  const { targetId } = await send('Target.createTarget', { url: 'about:blank' });
  sessionId = String((await send('Target.attachToTarget', { targetId, flatten: true }))['sessionId']);
  return {
    open: async (url) => void (await send('Page.navigate', { url })),
    evaluate: async <T>(expression: string) => {
      const { result } = await send('Runtime.evaluate', { expression, returnByValue: true, awaitPromise: true });
      return (result as { value: T }).value;
    },
    resize: async (width, height) =>
      void (await send('Emulation.setDeviceMetricsOverride', { width, height, deviceScaleFactor: 1, mobile: false })),
    prefer: async (value) =>
      void (await send('Emulation.setEmulatedMedia', { features: [{ name: 'prefers-color-scheme', value }] })),
    picture: async () => {
      const { data } = await send('Page.captureScreenshot', { captureBeyondViewport: true });
      return Buffer.from(String(data), 'base64');
    },
    close: async () => {
      sessionId = undefined;
      await send('Browser.close').catch(() => {});
      await ended;
      await rm(profile, { recursive: true, force: true });
    },
  };
}
