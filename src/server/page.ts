import type { ServedAnswer } from '../system/system.ts';
import { ASSETS } from '../web/assets.ts';
import type { AclPage } from './acl-page.ts';
import type { LiveFeed } from './live.ts';

/** The page may load its own program and style and ask its own server, and nothing else; nothing may frame it. */
const SAFE = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
  'cache-control': 'no-cache',
} as const;

const asset = (type: string, body: string): ServedAnswer => ({
  status: 200,
  headers: { ...SAFE, 'content-type': `${type}; charset=utf-8` },
  body,
});

/** The routes of the page. */
export function pageRoutes(
  live: LiveFeed,
  acl: AclPage,
): Readonly<Record<string, () => ServedAnswer | Promise<ServedAnswer>>> {
  return {
    '/': () => asset('text/html', ASSETS.page),
    '/dashboard.js': () => asset('text/javascript', ASSETS.script),
    '/dashboard.css': () => asset('text/css', ASSETS.style),
    '/acl.svg': async () => {
      const { svg = [] } = (await acl.current()) ?? {};
      return { ...asset('image/svg+xml', svg.join('\n')), status: svg.length > 0 ? 200 : 404 };
    },
    '/api/events': () => ({
      status: 200,
      headers: { ...SAFE, 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
      open: live.watch,
    }),
  };
}
