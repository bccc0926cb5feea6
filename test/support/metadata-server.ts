import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

const TOKEN = 'AQAEAL-portfence-test-token==';
const MAC = '0e:49:61:0f:c3:11';

/** What a metadata item answers instead of its text: nothing, forever; or whatever the function does. */
export type Item = string | ((answer: ServerResponse, request: IncomingMessage) => void);

/** A metadata service and where it listens. */
export interface MetadataServer {
  readonly url: string;
  /** `METHOD path` of every request, in order. */
  readonly asked: string[];
  /** Items by their path below `/latest/meta-data/`; change them at will. */
  readonly items: Map<string, Item>;
  /** Answers the request for a token in another way. */
  token: Item;
  close(): Promise<void>;
}

/** An instance with one interface in a VPC, as EC2 describes it. */
export const INSTANCE: Readonly<Record<string, Item>> = {
  'placement/region': 'eu-central-1',
  'network/interfaces/macs/': `${MAC}/`,
  [`network/interfaces/macs/${MAC}/device-number`]: '0',
  [`network/interfaces/macs/${MAC}/vpc-id`]: 'vpc-0a1b2c3d4e5f60718',
  [`network/interfaces/macs/${MAC}/subnet-id`]: 'subnet-0a1b2c3d4e5f60718',
  [`network/interfaces/macs/${MAC}/vpc-ipv4-cidr-block`]: '10.20.0.0/16',
  [`network/interfaces/macs/${MAC}/vpc-ipv4-cidr-blocks`]: '10.20.0.0/16\n100.64.0.0/16',
};
/** The path of an item of the instance's interface. */
export const ofInterface = (name: string): string => `network/interfaces/macs/${MAC}/${name}`;

/** The body that EC2 sends with a status that is no success. */
export const page = (status: number, title: string): string =>
  `<?xml version="1.0" encoding="iso-8859-1"?>\n<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN" "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n<html xmlns="http://www.w3.org/1999/xhtml" xml:lang="en" lang="en">\n <head>\n  <title>${status} - ${title}</title>\n </head>\n <body>\n  <h1>${status} - ${title}</h1>\n </body>\n</html>\n`;

/** Answers an item with an HTTP status. */
export const refuse =
  (status: number, title: string): Item =>
  (answer) =>
    answer.writeHead(status, { 'content-type': 'text/html' }).end(page(status, title));
/** Never answers an item. */
export const silence: Item = () => {};

/** A metadata service on loopback that speaks IMDSv2 alone: PUT for a token, 401 without one. */
export async function metadataServer(
  items: Readonly<Record<string, Item>> = INSTANCE,
  host: '127.0.0.1' | '::1' = '127.0.0.1',
): Promise<MetadataServer> {
  const asked: string[] = [];
  const served = new Map(Object.entries(items));
  const state: { token: Item } = { token: TOKEN };
  const server = createServer((request, answer) => {
    asked.push(`${request.method} ${request.url}`);
    request.resume();
    const give = (item: Item): void => {
      if (typeof item === 'function') item(answer, request);
      else answer.writeHead(200, { 'content-type': 'text/plain' }).end(item);
    };
    if (request.method === 'PUT' && request.url === '/latest/api/token') {
      const seconds = Number(request.headers['x-aws-ec2-metadata-token-ttl-seconds']);
      if (!Number.isInteger(seconds) || seconds < 1 || seconds > 21_600) return give(refuse(400, 'Bad Request'));
      answer.setHeader('x-aws-ec2-metadata-token-ttl-seconds', seconds);
      return give(state.token);
    }
    if (request.headers['x-aws-ec2-metadata-token'] !== TOKEN) return give(refuse(401, 'Unauthorized'));
    give(served.get(decodeURI(request.url ?? '').replace('/latest/meta-data/', '')) ?? refuse(404, 'Not Found'));
  });
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host === '::1' ? '[::1]' : host}:${port}`,
    asked,
    items: served,
    get token() {
      return state.token;
    },
    set token(item) {
      state.token = item;
    },
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
