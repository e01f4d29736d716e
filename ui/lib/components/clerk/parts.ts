// All that a console with Clerk has in its pages. It is imported as one, by the pages' common `load` and only then:
// a console with accounts of its own loads nothing of it.

import Account from './ClerkAccount.svelte';
import People from './ClerkPeople.svelte';
import Root from './ClerkRoot.svelte';
import SignIn from './ClerkSignIn.svelte';

/** The parts, by where they stand, and what ends a sign-in. */
export const PARTS = { Account, People, Root, SignIn, signOut } as const;

/** What Clerk's script leaves in a page, as far as it is used here. */
interface ClerkWindow {
  readonly Clerk?: { signOut(then: () => void): Promise<void> };
}

/** Signs out at Clerk, and goes nowhere. While Clerk's scripts are away there is nothing that could. */
async function signOut(): Promise<void> {
  await (globalThis as ClerkWindow).Clerk?.signOut(() => undefined);
}
