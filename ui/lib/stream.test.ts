import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openStream } from './stream.ts';

/** A host's stream, as a browser gives it. */
class Source {
  static open: Source[] = [];
  static opened = Promise.withResolvers<Source>();
  readonly CLOSED = 2;
  readyState = 0;
  onopen: () => void = () => undefined;
  onerror: () => void = () => undefined;
  onmessage: (event: { data: string }) => void = () => undefined;

  constructor() {
    Source.open.push(this);
    Source.opened.resolve(this);
    Source.opened = Promise.withResolvers();
  }

  close(): void {
    Source.open = Source.open.filter((each) => each !== this);
  }
}

/** A page that hears the stream: what it was told, one word after the other. */
function openPage(whose: string) {
  const heard: (string | boolean)[] = [];
  let ear: { word: string | boolean; resolve: () => void } | null = null;
  const hear = (word: string | boolean): void => {
    if (heard.at(-1) !== word) heard.push(word); // how the stream is may be said twice
    if (ear?.word === word) ear.resolve();
  };
  const onRefused = (): void => hear('refused');
  const close = openStream('/events', { whose, onData: hear, onState: hear, onRefused });
  return {
    ...{ heard, close, [Symbol.dispose]: close },
    /** Until it was told this. */
    async hears(word: string | boolean) {
      const { promise, resolve } = Promise.withResolvers<void>();
      ear = { word, resolve };
      if (!heard.includes(word)) await promise;
      return heard;
    },
  };
}

const stream = suite('openStream()');

stream.before(() => {
  Object.assign(globalThis, { EventSource: Source });
});

stream('opens one stream for all pages, and tells each what one is told', async () => {
  const first = Source.opened.promise;
  using leader = openPage('sarah');
  using other = openPage('sarah');
  const source = await first;
  source.onopen();
  source.onmessage({ data: 'news' });
  assert.equal(await leader.hears('news'), [true, 'news']);
  assert.equal(await other.hears('news'), [true, 'news']);
  using late = openPage('sarah');
  assert.equal(await late.hears(true), [true], 'how the stream is');
  assert.is(Source.open.length, 1);
});

stream('hands over when its page goes, and says that something may be lost', async () => {
  const first = Source.opened.promise;
  using leader = openPage('mike');
  using heir = openPage('mike');
  using other = openPage('mike');
  (await first).onopen();
  await other.hears(true);
  const second = Source.opened.promise;
  leader.close();
  const source = await second;
  source.onopen();
  source.onmessage({ data: 'news' });
  assert.equal(await heir.hears('news'), [true, false, true, 'news']);
  assert.equal(await other.hears('news'), [true, false, true, 'news']);
  assert.equal(leader.heard, [true]);
  assert.is(Source.open.at(-1), source);
});

stream('tells the page that has it of an answer that is no stream, not of a break', async () => {
  const first = Source.opened.promise;
  using leader = openPage('nora');
  using other = openPage('nora');
  const source = await first;
  source.onopen();
  await other.hears(true);
  source.onerror(); // the browser connects again by itself
  source.onopen();
  source.readyState = source.CLOSED;
  source.onerror();
  assert.equal(await leader.hears('refused'), [true, false, true, false, 'refused']);
  await other.hears(false);
  assert.not(other.heard.includes('refused'));
});

stream('shares nothing with the pages of somebody else', async () => {
  const first = Source.opened.promise;
  using tina = openPage('tina');
  const ofTina = await first;
  const second = Source.opened.promise;
  using olga = openPage('olga');
  const ofOlga = await second;
  ofTina.onmessage({ data: 'for Tina' });
  ofOlga.onmessage({ data: 'for Olga' });
  assert.equal(await tina.hears('for Tina'), ['for Tina']);
  assert.equal(await olga.hears('for Olga'), ['for Olga']);
});

stream.run();
