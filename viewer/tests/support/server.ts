// Stands in for `track serve`: the same paths, headers and events, told by the test what to say.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { after } from 'node:test';
import { gzipSync } from 'node:zlib';
import { type Section, viewer_html } from './bundle_writer.ts';

export const policy = (nonce: string) =>
  `default-src 'none'; script-src 'nonce-${nonce}'; style-src 'nonce-${nonce}'; img-src data:; connect-src 'self'; worker-src blob:`;

export class StandIn {
  readonly token = 'a-token';
  sections = new Map<string, Section>();
  targets: unknown[] = [{ id: '4711', pid: 4711, program: '/srv/orders/bin/orderd', live: true, note: '' }];
  // What was asked of /api/live: the Last-Event-ID of each connection.
  readonly resumed: (string | undefined)[] = [];
  readonly posted: string[] = [];
  onConnect: (say: (event: string, data: unknown, id?: number) => void) => void = () => {};
  // Asked for with fresh=1: what is from then on to be served.
  anew: () => readonly Section[] = () => [];
  private readonly streams = new Set<ServerResponse>();
  private readonly server: Server;

  private constructor() {
    this.server = createServer((request, response) => this.answer(request, response));
  }

  static async start(sections: readonly Section[]): Promise<StandIn> {
    const standing = new StandIn();
    for (const section of sections) standing.sections.set(section.name, section);
    await new Promise<void>((done) => standing.server.listen(0, '127.0.0.1', done));
    after(() => standing.stop());
    return standing;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}/`;
  }

  page(query: Record<string, string> = { target: '4711' }): string {
    return `${this.url}?${new URLSearchParams({ token: this.token, ...query })}`;
  }

  say(event: string, data: unknown, id?: number): void {
    for (const stream of this.streams) write(stream, event, data, id);
  }

  // As when the network fails: the browser is to come again.
  drop(): void {
    for (const stream of this.streams) stream.destroy();
    this.streams.clear();
  }

  stop(): void {
    this.drop();
    this.server.close();
    this.server.closeAllConnections();
  }

  private answer(request: IncomingMessage, response: ServerResponse): void {
    const url = new URL(request.url ?? '/', this.url);
    if (url.pathname === '/') return this.answerPage(response);
    if (url.searchParams.get('token') !== this.token) return end(response, 403, { error: 'wrong token' });
    if (request.method === 'POST') {
      this.posted.push(url.pathname);
      return end(response, 200, { note: 'written to orderd.dump' });
    }
    if (url.pathname === '/api/targets') return end(response, 200, { targets: this.targets });
    if (url.pathname === '/api/live') return this.answerLive(request, response);
    if (url.searchParams.get('fresh') === '1') for (const section of this.anew()) this.sections.set(section.name, section);
    const section = this.sections.get(decodeURIComponent(url.pathname.slice('/api/section/'.length)));
    if (!section) return end(response, 404, { error: 'no such section' });
    response.writeHead(200, { 'Content-Encoding': 'gzip', 'Content-Type': 'application/octet-stream' }).end(gzipSync(section.raw));
  }

  private answerPage(response: ServerResponse): void {
    const nonce = 'bm9uY2U';
    const html = readFileSync(viewer_html, 'utf8')
      .replaceAll('TRACK-NONCE', nonce)
      .replace('<!--track:sections-->', '<meta name="track-mode" content="served">');
    response.writeHead(200, { 'Content-Type': 'text/html; charset=utf-8', 'Content-Security-Policy': policy(nonce) }).end(html);
  }

  private answerLive(request: IncomingMessage, response: ServerResponse): void {
    this.resumed.push(request.headers['last-event-id'] as string | undefined);
    response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
    // The browser is to come again at once.
    response.write('retry: 20\n\n: heartbeat\n\n');
    this.streams.add(response);
    response.on('close', () => this.streams.delete(response));
    this.onConnect((event, data, id) => write(response, event, data, id));
  }
}

function write(stream: ServerResponse, event: string, data: unknown, id?: number): void {
  stream.write(`${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${JSON.stringify(data)}\n\n`);
}

function end(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
