// The endpoint's agent: its folder, its key, its link, its runs, held together from start to end.

import type { Judge } from '#crypto/policy.ts';
import { AgentError, REMOVED_WORDS } from './error.ts';
import { openFolderLock } from './folder-lock.ts';
import { identityFingerprint, loadIdentity, parsePins } from './identity.ts';
import { type Journal, openJournal } from './journal.ts';
import { type Backoff, type LinkDetail, type LinkState, openLink } from './protocol/link.ts';
import { openDesk } from './orders.ts';
import { openJudge } from './policy/decide.ts';
import { endOrphans } from './process-file.ts';
import {
  type AgentMessage,
  type AgentMessageOf,
  type ApplianceMessage,
  applianceMessageSchema,
  HEARTBEAT_MS,
  LINK_PROTOCOL,
} from './protocol/link-message.ts';
import { openPeerNode } from './protocol/node.ts';
import type { Execute } from './run.ts';
import { RESUME_MS, Runs, STOP_MS } from './runs.ts';
import { type Service, serveLink } from './serve.ts';
import { openShellRunner } from './shell/runner.ts';
import { readSoftware } from './software.ts';

/** What an agent tells whoever runs it. No event holds a secret; a command's text is in none. */
export type AgentEvent =
  | {
      readonly kind: 'opened';
      readonly endpoint: string;
      readonly name: string;
      /** Of its key: what a person compares before the site lets anybody work here. */
      readonly fingerprint: string;
    }
  | ({ readonly kind: 'link'; readonly state: LinkState } & LinkDetail)
  | { readonly kind: 'ready' }
  | { readonly kind: 'started'; readonly run: string }
  | {
      readonly kind: 'ended';
      readonly run: string;
      readonly outcome: AgentMessageOf<'exited'>['outcome'];
      readonly exitCode: number | null;
    }
  | { readonly kind: 'dropped'; readonly run: string; readonly why: string }
  | {
      readonly kind: 'refused';
      readonly run: string;
      readonly code: string;
      readonly message: string;
    }
  | { readonly kind: 'orphan'; readonly run: string }
  | { readonly kind: 'alarm'; readonly code: 'fork' | 'rolled-back'; readonly message: string }
  | { readonly kind: 'removed' }
  | { readonly kind: 'error'; readonly error: unknown };

export interface AgentOptions {
  /** An enrolled endpoint's folder. */
  readonly folder: string;
  /** Stops the agent as disposal does. */
  readonly signal: AbortSignal;
  readonly onEvent: (event: AgentEvent) => void;
  /** @default `openJudge()` */
  readonly judge?: Judge;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
  /** In [0, 1). */
  readonly random?: () => number;
  readonly backoff?: Backoff;
  /** Look for the appliance on the local network, too. @default true */
  readonly mdns?: boolean;
  readonly heartbeatMs?: number;
  /** How long runs go on without a link. @default RESUME_MS */
  readonly resumeMs?: number;
  /** How long a stopped agent waits until the ends of its runs are in the log. @default STOP_MS */
  readonly stopMs?: number;
}

/** A running agent. Disposal ends its runs, tells their ends, says goodbye and lets go of the folder. */
export interface Agent extends AsyncDisposable {
  /** Resolves when it has come to its end, and why. */
  readonly done: Promise<AgentEnd>;
}

export type AgentEnd = 'stopped' | 'removed';

const BACKOFF: Backoff = { firstMs: 500, maxMs: 30_000 };

/**
 * Opens the agent of a folder. It connects in its own time, for as long as it is open.
 * @throws {AgentError} code `folder-busy`, `identity-…`, `journal-…`; `removed` when the site let the endpoint go
 */
export async function openAgent(options: AgentOptions): Promise<Agent> {
  const { folder, onEvent } = options;
  await using opening = new AsyncDisposableStack();
  const identity = await loadIdentity(folder);
  opening.use(await openFolderLock(folder));
  const { logKey } = parsePins(identity.site);
  const journal = opening.use(await openJournal(folder, { endpoint: identity.endpoint, logKey }));
  checkNotRemoved(journal, folder);
  for (const run of await endOrphans(folder)) onEvent({ kind: 'orphan', run });
  const { endpoint, name } = identity;
  onEvent({ kind: 'opened', endpoint, name, fingerprint: await identityFingerprint(identity) });
  const judge = options.judge ?? (await openJudge());
  const now = options.now ?? Date.now;
  const desk = openDesk({ identity, journal, judge, now });
  const software = await readSoftware();
  const node = opening.use(await openPeerNode({ seed: identity.seed, mdns: options.mdns ?? true }));
  const { run: execute } = opening.use(openShellRunner());
  const runs = opening.use(openRuns(options, execute));
  return new OpenAgent(options, { node, runs, desk, software, held: opening.move() });
}

function checkNotRemoved(journal: Journal, folder: string): void {
  if (!journal.isRemoved) return;
  throw new AgentError('removed', `Cannot open agent in "${folder}": ${REMOVED_WORDS}`);
}

function openRuns(
  { folder, onEvent, resumeMs = RESUME_MS, stopMs = STOP_MS }: AgentOptions,
  execute: Execute,
): Runs {
  return new Runs({
    folder,
    execute,
    resumeMs,
    stopMs,
    onStarted: (run) => onEvent({ kind: 'started', run }),
    onEnded: (run, outcome, exitCode) => onEvent({ kind: 'ended', run, outcome, exitCode }),
    onDropped: (run, why) => onEvent({ kind: 'dropped', run, why }),
    onError: (error) => onEvent({ kind: 'error', error }),
  });
}

interface Parts {
  readonly node: Awaited<ReturnType<typeof openPeerNode>>;
  readonly runs: Runs;
  readonly desk: Service['desk'];
  readonly software: string;
  readonly held: AsyncDisposableStack;
}

class OpenAgent implements Agent {
  readonly done: Promise<AgentEnd>;
  readonly #done = Promise.withResolvers<AgentEnd>();
  readonly #runs: Runs;
  readonly #held: AsyncDisposableStack;
  readonly #link: AsyncDisposable;
  readonly #unlink = new AbortController();
  #isEnding = false;

  constructor(options: AgentOptions, { node, runs, desk, software, held }: Parts) {
    const { folder, signal, onEvent, heartbeatMs = HEARTBEAT_MS } = options;
    this.done = this.#done.promise;
    this.done.catch(() => undefined); // told to whoever disposes or awaits it, and to nobody when nobody does
    this.#runs = runs;
    this.#held = held;
    const service: Service = {
      desk,
      runs,
      folder,
      software,
      heartbeatMs,
      signal: this.#unlink.signal,
      onReady: () => onEvent({ kind: 'ready' }),
      onRefused: (refusal) => onEvent({ kind: 'refused', ...refusal }),
      onAlarm: ({ code, message }) => onEvent({ kind: 'alarm', code, message }),
      onRemoved: () => {
        onEvent({ kind: 'removed' });
        this.#end('removed');
      },
      onError: (error) => onEvent({ kind: 'error', error }),
    };
    const { appliance: publicKey } = desk.pins;
    this.#link = openLink<ApplianceMessage, AgentMessage>({
      node,
      appliance: { publicKey, addresses: () => desk.identity.site.addresses },
      protocol: LINK_PROTOCOL,
      schema: applianceMessageSchema,
      serve: (conversation) => serveLink(conversation, service),
      signal: this.#unlink.signal,
      random: options.random ?? Math.random,
      onState: (state, detail) => onEvent({ kind: 'link', state, ...detail }),
      backoff: options.backoff ?? BACKOFF,
    });
    const stop = (): void => this.#end('stopped');
    signal.addEventListener('abort', stop);
    held.defer(() => signal.removeEventListener('abort', stop));
    if (signal.aborted) stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end('stopped');
    await this.done;
  }

  #end(why: AgentEnd): void {
    if (this.#isEnding) return;
    this.#isEnding = true;
    this.#close(why).then(() => this.#done.resolve(why), this.#done.reject);
  }

  /** A stopped agent tells how its runs ended; a removed one is heard no more. */
  async #close(why: AgentEnd): Promise<void> {
    if (why === 'removed') this.#unlink.abort();
    else await this.#runs.stop();
    this.#unlink.abort();
    await this.#link[Symbol.asyncDispose]();
    await this.#held.disposeAsync();
  }
}
