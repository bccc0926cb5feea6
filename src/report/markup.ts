import { scrub } from '../scrub.ts';

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

/** Text from outside as text of an HTML or SVG document, or as the value of an attribute in quotes. */
export function markup(text: string): string {
  return scrub(text).replace(/[&<>"']/g, (character) => ENTITIES[character] ?? character);
}
