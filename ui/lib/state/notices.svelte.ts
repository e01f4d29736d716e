// Whether this browser shows notices: the person chose what, the browser asks whether it may.

import { createContext } from 'svelte';

/** `unknown` before the page's scripts are at work. */
export type NoticePermission = 'unknown' | 'unsupported' | 'insecure' | NotificationPermission;

export class NoticesState {
  #permission = $state<NoticePermission>('unknown');
  /** Why nothing can be told just now, though it was chosen and allowed. */
  problem = $state<string | null>(null);

  get permission(): NoticePermission {
    return this.#permission;
  }

  /** Looks what the browser allows. Only in a browser. */
  look(): void {
    if (!window.isSecureContext) this.#permission = 'insecure';
    else if (!('Notification' in window)) this.#permission = 'unsupported';
    else this.#permission = Notification.permission;
  }

  /** Has the browser ask the person. It asks once: what was denied is changed in its own settings. */
  async ask(): Promise<void> {
    await Notification.requestPermission();
    this.look();
  }
}

export const [useNotices, provideNotices] = createContext<NoticesState>();
