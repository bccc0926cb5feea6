// Which port a connection of a container gets under a policy, on a host of which nothing is known.
import { ANY_HOST, compile, readPolicy, walk } from 'portfence/plan';
import { portsText } from 'portfence/ports';

const { policy } = readPolicy('ports: 49152-61000\nexempt: { destinations: [10.0.0.0/8] }\n');
const plan = compile(policy, ANY_HOST);

for (const destination of ['203.0.113.10', '10.1.2.3']) {
  const { fate } = walk(plan, {
    ...{ protocol: 'tcp', family: 'ipv4', opening: true },
    ...{ source: '172.17.0.2', sourcePort: 40_001, sourceLocal: false },
    ...{ destination, destinationPort: 443, manyReceivers: false },
    ...{ arrived: 'docker0', leaves: 'eth0' },
  });
  console.log(
    `${destination}: ${fate.do === 'map' ? `one of ${portsText(fate.ports)}` : `port 40001 stays (${fate.as})`}`,
  );
}
