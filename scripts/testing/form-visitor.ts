// A browser without scripts, for tests of the console over HTTP: it posts forms and keeps cookies.

export interface FormVisitor {
  readonly cookies: Map<string, string>;
  /** Posts a form. */
  post(path: string, fields: Readonly<Record<string, string>>): Promise<Response>;
  /** Posts JSON. */
  tell(path: string, body: unknown): Promise<Response>;
  ask(path: string, init?: RequestInit): Promise<Response>;
}

/** Makes a visitor of the console at this origin; redirections are not followed. */
export function formVisitor({ origin }: { readonly origin: string }): FormVisitor {
  const cookies = new Map<string, string>();
  const ask = async (path: string, init: RequestInit = {}): Promise<Response> => {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const headers = new Headers({ origin, accept: 'text/html', cookie });
    new Headers(init.headers).forEach((value, name) => headers.set(name, value));
    const answer = await fetch(`${origin}${path}`, { redirect: 'manual', ...init, headers });
    for (const header of answer.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(header) ?? [];
      if (value === '') cookies.delete(name);
      else cookies.set(name, value);
    }
    return answer;
  };
  return {
    cookies,
    post: (path, fields) => ask(path, { method: 'POST', body: new URLSearchParams(fields) }),
    tell: (path, body) =>
      ask(path, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    ask,
  };
}
