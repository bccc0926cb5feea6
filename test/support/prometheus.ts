import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Namespace } from '../../src/lab/namespace.ts';

/** One sample of an answer. */
export interface PrometheusSample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: [number, string];
}

/** A real Prometheus on 127.0.0.1:9090 of a namespace. */
export interface RunningPrometheus {
  /** `data` of an answer of its API, like `alerts`. */
  says(path: string): Promise<Record<string, unknown> | undefined>;
  /** The samples of an instant query; undefined before it serves. */
  query(expression: string): Promise<readonly PrometheusSample[] | undefined>;
  stop(): Promise<void>;
}

/** Starts it with a configuration; its files go into the folder. It ends with this process. */
export async function startPrometheus(
  namespace: Namespace,
  folder: string,
  config: string,
): Promise<RunningPrometheus> {
  await writeFile(join(folder, 'prometheus.yml'), config);
  const flag = (name: string, value: string) => `--${name}=${value}`;
  const command = [
    ...['prometheus', flag('config.file', join(folder, 'prometheus.yml'))],
    ...[flag('storage.tsdb.path', join(folder, 'tsdb')), flag('web.listen-address', '127.0.0.1:9090')],
  ].join(' ');
  const child = await namespace.startChild([
    'sh',
    '-c',
    `${command} 2>/dev/null & echo started; cat >/dev/null; kill $!; wait`,
  ]);
  const says = async (path: string) => {
    const { stdout } = await namespace.run(['curl', '-s', '--get', `http://127.0.0.1:9090/api/v1/${path}`]);
    return JSON.parse(stdout || '{}').data;
  };
  return {
    says,
    query: async (expression) => (await says(`query?query=${encodeURIComponent(expression)}`))?.result,
    stop: () => child.stop(),
  };
}
