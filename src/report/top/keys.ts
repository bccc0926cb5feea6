import type { TopChoice } from './view.ts';
import { TABS } from './view.ts';

/** What a key asks for beside another choice. */
export type Wish = 'quit' | 'detail' | undefined;

const TAB_KEYS: Readonly<Record<string, TopChoice['tab']>> = {
  d: 'destinations',
  c: 'containers',
  s: 'sources',
  l: 'leaks',
};
const MOVES: Readonly<Record<string, number>> = { up: -1, k: -1, down: 1, j: 1, 'page-up': -10, 'page-down': 10 };

/** What a key makes of the choice, given how many rows there are. Pure. */
export function pressed(
  choice: TopChoice,
  key: string,
  rows: number,
): { readonly choice: TopChoice; readonly wish: Wish } {
  if (choice.typing) return { choice: typed(choice, key), wish: undefined };
  const to = (change: Partial<TopChoice>) => ({ choice: { ...choice, ...change }, wish: undefined });
  const tab = TAB_KEYS[key];
  const move = MOVES[key];
  if (key === 'q') return { choice, wish: 'quit' };
  if (key === 'escape')
    return to({ help: false, detail: undefined, ...(choice.help || choice.detail ? {} : { filter: '' }) });
  if (key === '?') return to({ help: !choice.help });
  if (key === 'p' || key === ' ') return to({ paused: !choice.paused });
  if (key === '/') return to({ typing: true, detail: undefined, help: false });
  if (key === 'o') return to({ sort: choice.sort + 1 });
  if (key === 'enter') return { choice, wish: choice.tab === 'destinations' ? 'detail' : undefined };
  if (tab !== undefined) return to({ tab, selected: 0, sort: 0, detail: undefined, help: false });
  if (key === '\t')
    return to({
      tab: TABS[(TABS.indexOf(choice.tab) + 1) % TABS.length] ?? 'destinations',
      selected: 0,
      sort: 0,
      detail: undefined,
    });
  if (move !== undefined) return to({ selected: Math.max(0, Math.min(rows - 1, choice.selected + move)) });
  return to({});
}

function typed(choice: TopChoice, key: string): TopChoice {
  if (key === 'enter') return { ...choice, typing: false };
  if (key === 'escape') return { ...choice, typing: false, filter: '' };
  if (key === 'backspace') return { ...choice, filter: choice.filter.slice(0, -1) };
  return key.length === 1 ? { ...choice, filter: choice.filter + key, selected: 0 } : choice;
}
