// One stream of server-sent events for all pages of a browser. Over HTTP/1.1 a browser opens six connections to a
// host, and a stream holds one for good: with a stream for each page the seventh page would never load. The page that
// holds the lock has the stream and passes on what it hears; when it goes, the browser gives the lock to the next.

/** After an answer that is no stream, as a proxy's while the host starts again; the browser itself would give up. */
const RETRY_MS = 5000;

/** What the pages of a browser say to each other. */
type Word =
  | { readonly kind: 'data'; readonly data: string }
  | { readonly kind: 'state'; readonly isOpen: boolean }
  /** A page has come, and asks how the stream is. */
  | { readonly kind: 'asked' };

export interface StreamOptions {
  /** Who is signed in: pages of others do not share a stream with theirs. */
  readonly whose: string;
  readonly onData: (data: string) => void;
  /** Also `false` when another page takes the stream over: what was told meanwhile is lost. */
  readonly onState: (isOpen: boolean) => void;
  /** The host, or what stands before it, answered by something else: perhaps nobody is signed in any more. */
  readonly onRefused: () => void;
}

/** Hears the stream, of its own or by another page, until the answer is called. */
export function openStream(
  url: string,
  { whose, onData, onState, onRefused }: StreamOptions,
): () => void {
  const name = `caisey ${url} ${whose}`;
  const leaving = new AbortController();
  const { signal } = leaving;
  const channel = new BroadcastChannel(name);
  let isOpen: boolean | null = null; // null: another page has the stream
  const take = (word: Word): void => {
    if (word.kind === 'data') onData(word.data);
    else if (word.kind === 'state') onState(word.isOpen);
    else if (isOpen !== null) channel.postMessage({ kind: 'state', isOpen } satisfies Word);
  };
  const say = (word: Word): void => {
    if (signal.aborted) return;
    if (word.kind === 'state') ({ isOpen } = word);
    channel.postMessage(word);
    take(word);
  };
  channel.onmessage = ({ data }: MessageEvent<Word>) => take(data);
  channel.postMessage({ kind: 'asked' } satisfies Word);
  void lead(name, {
    signal,
    work: async (isHeir) => {
      if (isHeir) say({ kind: 'state', isOpen: false });
      const close = openSource(url, { say, onRefused });
      await aborting(signal);
      close();
    },
  });
  return () => {
    leaving.abort();
    channel.close();
  };
}

/** Does the work in one page of the browser at a time, until the signal aborts. An heir has waited for its turn. */
async function lead(
  name: string,
  { signal, work }: { signal: AbortSignal; work: (isHeir: boolean) => Promise<void> },
): Promise<void> {
  const hasLed = await navigator.locks.request(name, { ifAvailable: true }, async (lock) => {
    if (lock === null) return false;
    await work(false);
    return true;
  });
  if (hasLed || signal.aborted) return;
  try {
    await navigator.locks.request(name, { signal }, () => work(true));
  } catch (cause) {
    if (!signal.aborted) throw cause;
  }
}

/** Listens until the answer is called. The browser connects again by itself, unless it was answered. */
function openSource(
  url: string,
  { say, onRefused }: { say: (word: Word) => void; onRefused: () => void },
): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let source = begin();
  function begin(): EventSource {
    const begun = new EventSource(url);
    begun.onmessage = ({ data }: MessageEvent<string>) => say({ kind: 'data', data });
    begun.onopen = () => say({ kind: 'state', isOpen: true });
    begun.onerror = () => {
      say({ kind: 'state', isOpen: false });
      if (begun.readyState !== begun.CLOSED) return;
      timer = setTimeout(() => (source = begin()), RETRY_MS);
      onRefused();
    };
    return begun;
  }
  return () => {
    clearTimeout(timer);
    source.close();
  };
}

function aborting(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
