// All that a console with Clerk has in its pages. It is imported as one, by the pages' common `load` and only then:
// a console with accounts of its own loads nothing of it.

import Account from './ClerkAccount.svelte';
import People from './ClerkPeople.svelte';
import Root from './ClerkRoot.svelte';
import SignIn from './ClerkSignIn.svelte';
import SignOut from './ClerkSignOut.svelte';

/** The parts, by where they stand. */
export const PARTS = { Account, People, Root, SignIn, SignOut } as const;
