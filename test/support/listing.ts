/** A listing of nft with its objects in the order of their names: chains that stay and chains that come stand in the order of coming. */
export function inOrder(listing: string): string {
  const [head = '', ...objects] = listing.trimEnd().replace(/\n}$/, '').split('\n\n');
  return [head, ...objects.sort()].join('\n\n');
}
