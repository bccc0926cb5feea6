// Which source ports pass a network ACL out and back in: node which-range.mjs FILE SUBNET
import { readFileSync } from 'node:fs';
import { addressBlock, EVERYWHERE, findSide, readAclFiles, readService, recommend, solve } from 'portfence/acl';
import { portsText, rangeText } from 'portfence/ports';

const [file, subnet] = process.argv.slice(2);
const inventory = readAclFiles([{ name: file, text: readFileSync(file, 'utf8') }]);
const answer = solve({
  own: findSide(inventory, { subnet }).side,
  services: [readService('443/tcp')],
  peers: [addressBlock(EVERYWHERE.ipv4)],
});
const best = recommend(answer.ranges);
console.log(`safe: ${portsText(answer.ranges)}`);
if (best)
  console.log(`take: ${rangeText(best.range)}, for ${best.connectionsPerDestination} connections to a destination`);
