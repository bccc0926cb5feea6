import { PortfenceError } from '../errors.ts';
import { daemonSetStatus } from '../kubernetes/daemonset-status.ts';
import type { Context } from './context.ts';

/** Where a pod finds who it is (Kubernetes, "Accessing the Kubernetes API from a Pod"). */
const ACCOUNT = '/var/run/secrets/kubernetes.io/serviceaccount';
const LOOK_MS = 2000;
const ANSWER_MS = 10_000;
const LARGEST = 1024 * 1024;

/**
 * Waits until the DaemonSet is ready on every node that is to have it; gives their number. Throws SYSTEM where that takes too
 * long, or where the API refuses.
 */
export async function awaitDaemonSet(
  { system, say }: Context,
  { name, timeoutMs }: { readonly name: string; readonly timeoutMs: number },
): Promise<number> {
  const account = system.env['PORTFENCE_SERVICE_ACCOUNT'] ?? ACCOUNT;
  const [token, ca, namespace] = await Promise.all(
    ['token', 'ca.crt', 'namespace'].map((file) => system.readText(`${account}/${file}`)),
  );
  const { KUBERNETES_SERVICE_HOST: host, KUBERNETES_SERVICE_PORT: port } = system.env;
  if (!token || !ca || !namespace || !host || !port)
    throw new PortfenceError('SYSTEM', 'this is no pod that may ask the API of Kubernetes', {
      hint: 'only the Job of the chart runs this',
    });
  const address = host.includes(':') ? `[${host}]` : host;
  const url = `https://${address}:${port}/apis/apps/v1/namespaces/${namespace.trim()}/daemonsets/${name}`;
  const deadline = system.now() + timeoutMs;
  let last = '';
  for (;;) {
    const answer = await system.http({
      ...{ method: 'GET', url, ca, timeoutMs: ANSWER_MS, largest: LARGEST },
      headers: { authorization: `Bearer ${token.trim()}`, accept: 'application/json' },
    });
    const status = answer.outcome === 'answer' && answer.status === 200 ? daemonSetStatus(answer.body) : undefined;
    if (status?.done) return status.nodes;
    const words = status
      ? `${name}: done on ${status.ready} of ${status.nodes} nodes`
      : `the API does not tell about ${name}: ${answer.outcome === 'answer' ? `status ${answer.status}` : answer.outcome}`;
    if (words !== last) say(words);
    last = words;
    if (system.now() > deadline)
      throw new PortfenceError('SYSTEM', `gave up waiting; ${words}`, {
        hint: 'kubectl get pods shows the nodes where it is not; a node that is off has nothing left of it when it boots',
      });
    await system.sleep(LOOK_MS);
  }
}
