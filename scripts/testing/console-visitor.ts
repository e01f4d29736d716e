// Somebody with a browser, as the console's accounts see them: cookies that are kept, an origin, an address.

import { createHmac } from 'node:crypto';

import type { Cookie, Visitor } from '#ui/server/identity/ask.ts';

export interface ConsoleVisitor {
  /** What the next request of theirs looks like. */
  visit(headers?: Readonly<Record<string, string>>): Visitor;
  /** Takes in the cookies that were set, and passes the answer on. */
  keep<T extends { readonly cookies: readonly Cookie[] }>(answer: Promise<T>): Promise<T>;
  readonly cookies: Map<string, string>;
}

let visitors = 0;

/** Makes a visitor with an address of their own, as limits go by address. */
export function consoleVisitor(origin: string): ConsoleVisitor {
  visitors += 1;
  const address = `192.0.2.${visitors}`;
  const cookies = new Map<string, string>();
  return {
    cookies,
    visit(more = {}) {
      const headers = new Headers({ origin, 'sec-fetch-site': 'same-origin', ...more });
      const jar = Array.from(cookies, ([name, value]) => `${name}=${value}`).join('; ');
      if (jar !== '') headers.set('cookie', jar);
      return { address, request: new Request(`${origin}/`, { headers }) };
    },
    async keep(answer) {
      const said = await answer;
      for (const { name, value, maxAge } of said.cookies) {
        if (maxAge === 0 || value === '') cookies.delete(name);
        else cookies.set(name, value);
      }
      return said;
    },
  };
}

const BASE32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

/** The code that an authenticator app shows for an `otpauth:` address (RFC 6238). */
export function appCode(uri: string, atMs: number): string {
  const bits = [...(new URL(uri).searchParams.get('secret') ?? '')]
    .map((character) => BASE32.indexOf(character).toString(2).padStart(5, '0'))
    .join('');
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(atMs / 30_000)));
  const mac = createHmac('sha1', Buffer.from(bytes)).update(counter).digest();
  const offset = (mac.at(-1) ?? 0) % 16;
  const number = mac.readUInt32BE(offset) % 0x8000_0000;
  return (number % 1_000_000).toString().padStart(6, '0');
}
