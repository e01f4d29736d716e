// What SvelteKit hands around in the console.

import type { Host } from '#ui/server/host.ts';
import type { Actor } from '#ui/server/directory-actor.ts';
import type { OwnDirectory } from '#ui/server/directory.ts';
import type { Identity } from '#ui/server/identity/identity.ts';

declare global {
  namespace App {
    interface Locals {
      host: Host;
      /** Null: nobody is signed in. */
      identity: Identity | null;
      /** Who is signed in and belongs here, with the directory as they may ask it. */
      actor: { readonly is: Actor; readonly directory: OwnDirectory } | null;
      /** Why somebody who is signed in does not belong here; null when they do, or nobody is signed in. */
      refusal: string | null;
    }
    interface Error {
      message: string;
      /** A word to tell support; the server's own log has the cause under it. */
      trace?: string;
      /** The host is out of reach: the page comes back by itself. */
      isAway?: boolean;
    }
  }
}

export {};
