import { ask, find, setText } from './page-elements.ts';
import { drawDay } from './pictures.ts';
import type { Addresses, History } from './shapes.ts';
import { sortedTable } from './table.ts';

const MOST_EVENTS = 100;
const KEPT_APART = 'as its own rules';

/** The last 24 hours: asked for once a minute and when something has happened, drawn when the window changes. */
export function pastSection() {
  let history: History = { minutes: [], events: [] };
  let asked = 0;
  const list = find('events', HTMLElement);
  const draw = (now: number): void => drawDay(find('day', HTMLCanvasElement), history, now);
  return {
    draw,
    look: async (now: number, isNew: boolean): Promise<void> => {
      if (!isNew && now - asked < 60_000) return;
      asked = now;
      history = (await ask<History>('/api/history')) ?? history;
      draw(now);
      const events = history.events.slice(-MOST_EVENTS).reverse();
      setText('no-events', events.length === 0 ? 'Nothing has happened.' : '');
      list.replaceChildren(...events.map(eventItem));
    },
  };
}

function eventItem({ at, level, message }: History['events'][number]): HTMLLIElement {
  const item = document.createElement('li');
  const time = document.createElement('time');
  const words = document.createElement('span');
  time.dateTime = new Date(at).toISOString();
  time.textContent = new Date(at).toLocaleString(undefined, { dateStyle: 'short', timeStyle: 'medium' });
  words.textContent = message;
  words.className = level === 'error' ? 'bad' : '';
  item.append(time, words);
  return item;
}

/** Source addresses before and after, with the rule that decides; and the network ACL, where the policy names one. */
export function rulesSection(): () => Promise<void> {
  const table = sortedTable(find('addresses', HTMLElement), [
    ...['from', 'to', 'by uplink', 'address before', 'address after', 'which rule decides'],
  ]);
  return async () => {
    const { rows = [], notes = [] } = (await ask<Addresses>('/api/addresses')) ?? {};
    table.show(
      rows.map(({ from, source, destination, uplink, before, after, by, same }) => ({
        cells: [
          from === 'host' ? from : `${from} (${source})`,
          ...[destination, uplink, before ?? KEPT_APART, after ?? KEPT_APART, by],
        ],
        marked: !same,
      })),
    );
    setText('notes', notes.join('\n'));
    const acl = await ask<readonly string[] | null>('/api/acl');
    find('acl', HTMLElement).hidden = !acl;
    setText('acl-text', acl?.join('\n') ?? '');
    const picture = find('acl-picture', HTMLImageElement);
    if (acl && !picture.src) picture.src = '/acl.svg';
  };
}
