// What happens while pages are open, told to whom it concerns: a bell for each organisation. Nothing is kept; who
// comes late loads the page.

import type { FleetEndpoint } from './directory-fleet.ts';

export type ConsoleEvent =
  | { readonly kind: 'endpoints'; readonly items: readonly FleetEndpoint[] }
  | { readonly kind: 'gone'; readonly siteId: string; readonly ids: readonly string[] }
  /** A site joined, was claimed, came or went, or what is waiting there changed: load it again. */
  | SiteEvent
  | { readonly kind: 'roster'; readonly version: number };

export interface SiteEvent {
  readonly kind: 'site';
  readonly siteId: string;
  /** Whether its appliance came or went just now. */
  readonly link?: 'came' | 'went';
  /** When it said so: how many requests wait there, and how many entries its log has. */
  readonly status?: { readonly waiting: number; readonly size: number };
}

export type Listener = (event: ConsoleEvent) => void;

export class Events {
  readonly #listeners = new Map<string, Set<Listener>>();

  /** Listens to an organisation's events until the signal aborts. */
  listen(
    organisationId: string,
    { listener, signal }: { listener: Listener; signal: AbortSignal },
  ): void {
    if (signal.aborted) return;
    const listeners = this.#listeners.get(organisationId) ?? new Set();
    this.#listeners.set(organisationId, listeners);
    listeners.add(listener);
    const leave = (): void => {
      listeners.delete(listener);
      if (listeners.size === 0) this.#listeners.delete(organisationId);
    };
    signal.addEventListener('abort', leave, { once: true });
  }

  tell(organisationId: string, event: ConsoleEvent): void {
    for (const listener of this.#listeners.get(organisationId) ?? []) listener(event);
  }

  /** How many listen, over all organisations. */
  get count(): number {
    return [...this.#listeners.values()].reduce((sum, { size }) => sum + size, 0);
  }
}
