import { PortfenceError } from '../errors.ts';
import { scrub } from '../scrub.ts';
import type { HttpOutcome, HttpRequest, System } from '../system/system.ts';
import { metadataEndpoints } from './endpoint.ts';

const PATIENCE_MS = 1000;
const LARGEST = 64 * 1024;
const TOKEN_SECONDS = '300';
/** Printable ASCII: it goes into a header of ours. */
const TOKEN = /^[!-~]{1,1024}$/;
/** Errors that say this host has no way to that address at all, so that the other family is worth a try. */
const NO_WAY = ['ENETUNREACH', 'EHOSTUNREACH', 'EADDRNOTAVAIL', 'EINVAL'];

/** EC2 instance metadata, opened with a token. */
export interface Metadata {
  /** The endpoint that answered. */
  readonly endpoint: string;
  /**
   * The text under `/latest/meta-data/PATH`, or undefined where there is no such item (404). Nothing is said of what the text
   * holds: the caller checks it. Throws CLOUD where the service does not answer as it should.
   */
  read(path: string): Promise<string | undefined>;
}

/**
 * Opens EC2 instance metadata by IMDSv2 alone: a token first, then every question with it (EC2 user guide, "Use the Instance
 * Metadata Service"). Each exchange takes 1,000 ms and 64 KiB at most. Throws CLOUD, with the remedy for each way it can fail; USAGE for
 * an endpoint that is none.
 */
export async function openMetadata(system: Pick<System, 'http' | 'env'>, endpoint?: string): Promise<Metadata> {
  const endpoints = metadataEndpoints(endpoint, system.env);
  let problem: PortfenceError | undefined;
  for (const base of endpoints) {
    const ask = (request: Pick<HttpRequest, 'method' | 'headers'>, path: string): Promise<HttpOutcome> =>
      system.http({ ...request, url: `${base}${path}`, timeoutMs: PATIENCE_MS, largest: LARGEST });
    const headers = { 'x-aws-ec2-metadata-token-ttl-seconds': TOKEN_SECONDS };
    const outcome = await ask({ method: 'PUT', headers }, '/latest/api/token');
    if (outcome.outcome === 'failed' && NO_WAY.includes(outcome.code)) {
      problem ??= noWay(base, outcome.reason);
      continue;
    }
    const token = tokenOf(outcome, base);
    const read: Metadata['read'] = async (path) => {
      const answer = await ask(
        { method: 'GET', headers: { 'x-aws-ec2-metadata-token': token } },
        `/latest/meta-data/${path}`,
      );
      return itemOf(answer, `${base}/latest/meta-data/${path}`);
    };
    return { endpoint: base, read };
  }
  throw problem ?? noWay(endpoints.join(', '), 'nobody to ask');
}

const NOT_HERE = 'EC2 metadata answers on EC2 instances alone; --metadata-endpoint names another service';

const noWay = (base: string, reason: string): PortfenceError =>
  new PortfenceError('CLOUD', `can't reach EC2 metadata at ${base}: ${scrub(reason)}`, { hint: NOT_HERE });

function tokenOf(outcome: HttpOutcome, base: string): string {
  const token = `${base}/latest/api/token`;
  if (outcome.outcome === 'failed') throw noWay(base, outcome.reason);
  if (outcome.outcome === 'silence' && outcome.connected)
    throw new PortfenceError('CLOUD', `EC2 metadata at ${base} gave no token within ${PATIENCE_MS} ms`, {
      hint: 'its answer may travel one hop only, which ends before a container: run this on the host itself, or raise the limit with `aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 --instance-id ...`',
    });
  if (outcome.outcome === 'silence')
    throw new PortfenceError('CLOUD', `EC2 metadata at ${base} gave no token within ${PATIENCE_MS} ms`, {
      hint: `${NOT_HERE}. In a container of an instance the hop limit may be too low: \`aws ec2 modify-instance-metadata-options --http-put-response-hop-limit 2 --instance-id ...\``,
    });
  if (outcome.outcome === 'too-large') throw tooLarge(token);
  if (outcome.status === 403)
    throw new PortfenceError('CLOUD', `EC2 metadata refuses a token (${token}: HTTP 403)`, {
      hint: 'it may be switched off for this instance: `aws ec2 modify-instance-metadata-options --http-endpoint enabled --instance-id ...` switches it on',
    });
  if (outcome.status !== 200)
    throw new PortfenceError('CLOUD', `${token} answers HTTP ${outcome.status} instead of a token`, {
      hint: 'portfence asks by IMDSv2 alone; is there another service at this address?',
    });
  const text = outcome.body.trim();
  if (!TOKEN.test(text)) throw new PortfenceError('CLOUD', `${token} answers something that is no token`);
  return text;
}

function itemOf(outcome: HttpOutcome, item: string): string | undefined {
  switch (outcome.outcome) {
    case 'failed':
      throw new PortfenceError('CLOUD', `${item}: ${scrub(outcome.reason)}`);
    case 'silence':
      throw new PortfenceError('CLOUD', `${item}: no answer within ${PATIENCE_MS} ms`);
    case 'too-large':
      throw tooLarge(item);
    case 'answer':
      if (outcome.status === 404) return undefined;
      if (outcome.status === 401) throw new PortfenceError('CLOUD', `${item}: the token was refused (HTTP 401)`);
      if (outcome.status !== 200) throw new PortfenceError('CLOUD', `${item}: HTTP ${outcome.status}`);
      return outcome.body;
  }
}

const tooLarge = (item: string): PortfenceError =>
  new PortfenceError('CLOUD', `${item}: the answer is larger than ${LARGEST} bytes`);
