import assets from './assets.json' with { type: 'json' };

/** The page, its program and its style as texts, made of `client/` (`UPDATE_GOLDENS=1 npx vitest run test/web`). */
export const ASSETS: Readonly<Record<'page' | 'script' | 'style', string>> = assets;
