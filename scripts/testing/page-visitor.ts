// A browser as small as the page needs: it keeps cookies, says where its forms come from, and reads forms.

import type { Hono } from 'hono';

/** An answer, with its text read. */
export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
}

export interface PageVisitor {
  get(path: string, init?: RequestInit): Promise<Answer>;
  /** Sends a form as this page's own would be sent; `headers` replace what a browser says. */
  send(path: string, fields: Record<string, string>, init?: RequestInit): Promise<Answer>;
  /** Opens a page and answers the token of its form; of the one that is sent to `action`, where it has several. */
  tokenOf(path: string, action?: string): Promise<string>;
}

/** Somebody who visits an app at `http://localhost`. */
export function createPageVisitor(app: Pick<Hono, 'request'>): PageVisitor {
  const cookies = new Map<string, string>();
  const ask = async (path: string, init: RequestInit): Promise<Answer> => {
    const headers = new Headers(init.headers);
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    if (cookie !== '' && !headers.has('Cookie')) headers.set('Cookie', cookie);
    const response = await app.request(path, { ...init, headers });
    for (const line of response.headers.getSetCookie()) {
      const [name = '', value = ''] = (line.split(';')[0] ?? '').split('=');
      cookies.set(name, value);
    }
    return { status: response.status, headers: response.headers, text: await response.text() };
  };
  const get: PageVisitor['get'] = (path, init = {}) => ask(path, init);
  return {
    get,
    send: (path, fields, init = {}) =>
      ask(path, {
        method: 'POST',
        body: new URLSearchParams(fields),
        ...init,
        headers: {
          Origin: 'http://localhost',
          'Sec-Fetch-Site': 'same-origin',
          ...Object.fromEntries(new Headers(init.headers)),
        },
      }),
    async tokenOf(path, action = '') {
      const { text } = await get(path);
      const [, form = ''] = text.split(`action="${action}`);
      const token = /name="token" value="([^"]*)"/.exec(form)?.[1];
      if (token === undefined) throw new Error(`Cannot read ${path}: no form in it`);
      return token;
    },
  };
}
