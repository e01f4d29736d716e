// What happens in the organisation, as server-sent events, until the page is gone or the sign-in has ended.

import type { ConsoleEvent } from '#ui/server/events.ts';
import { actorOf } from '#ui/server/request.ts';
import type { RequestHandler } from './$types';

const BEAT_MS = 15_000;
/** After this the browser asks again, and is let in again only when it still may. */
const MAX_LIFE_MS = 5 * 60_000;
/** A page that does not read is not waited for. */
const MAX_WAITING = 1024;

export const GET: RequestHandler = ({ locals, request }) => {
  const { is } = actorOf(locals);
  const leaving = new AbortController();
  const signal = AbortSignal.any([request.signal, leaving.signal, locals.host.closing]);
  const encoder = new TextEncoder();
  let isGone = false; // the reader took itself away: there is nothing left to close
  const body = new ReadableStream<Uint8Array>(
    {
      start(controller) {
        const write = (text: string): void => {
          if (signal.aborted) return;
          if ((controller.desiredSize ?? 0) <= 0) leaving.abort();
          else controller.enqueue(encoder.encode(text));
        };
        const beat = setInterval(() => write(': beat\n\n'), BEAT_MS);
        const life = setTimeout(() => leaving.abort(), MAX_LIFE_MS);
        const end = (): void => {
          clearInterval(beat);
          clearTimeout(life);
          if (!isGone) controller.close();
        };
        signal.addEventListener('abort', end, { once: true });
        locals.host.events.listen(is.organisationId, {
          signal,
          listener: (event: ConsoleEvent) => write(`data: ${JSON.stringify(event)}\n\n`),
        });
        write('retry: 2000\n\n');
      },
      cancel() {
        isGone = true;
        leaving.abort();
      },
    },
    { highWaterMark: MAX_WAITING },
  );
  return new Response(body, {
    headers: { 'content-type': 'text/event-stream', 'cache-control': 'no-store' },
  });
};
