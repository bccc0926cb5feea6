/** Where an agent answers: over HTTP, `url` without a slash at its end, or on a unix socket of this machine. */
export type AgentAddress = { readonly url: string } | { readonly socket: string };

const PORT = /:\d{1,5}$/;
/** What people copy out of a browser or a scrape configuration. */
const KNOWN_PATH = /\/(?:metrics|healthz|readyz|api\/status)?$/;

export const EXAMPLE = 'http://10.0.1.10:9469, 10.0.1.10:9469 or /run/portfence/agent.sock';

/** Reads `http://HOST:PORT`, `https://HOST/PATH`, `HOST:PORT`, `unix:/PATH` or `/PATH`. Gives a sentence about what is none. */
export function readAgentAddress(text: string): { readonly address: AgentAddress } | { readonly fault: string } {
  if (text.startsWith('/')) return { address: { socket: text } };
  const socket = /^unix:(?:\/\/)?(\/.+)$/.exec(text)?.[1];
  if (socket !== undefined) return { address: { socket } };
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(text);
  if (!hasScheme && !PORT.test(text)) return { fault: 'has no port' };
  const url = parsed(hasScheme ? text : `http://${text}`);
  if (!url || url.hostname === '') return { fault: 'is no address of an agent' };
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return { fault: 'is neither http nor https' };
  if (url.search !== '' || url.hash !== '') return { fault: 'has more than an address and a path' };
  return { address: { url: url.href.replace(KNOWN_PATH, '') } };
}

function parsed(text: string): URL | undefined {
  try {
    return new URL(text);
  } catch {
    return undefined;
  }
}

/** The address as people are shown it: no password, no scheme that goes without saying. */
export function addressText(address: AgentAddress): string {
  if ('socket' in address) return address.socket;
  const url = new URL(address.url);
  const path = url.pathname === '/' ? '' : url.pathname;
  return `${url.protocol === 'https:' ? 'https://' : ''}${url.host}${path}`;
}
