// What the digest levels are called, and what each lets leave the site, wherever people read it: at the set-up, on
// the on-site page, in the console. To be true they must say what `uplink/desk-source.ts` tells.

import type { DigestLevel } from '#crypto/digest-level.ts';

export interface LevelWords {
  readonly name: string;
  /** What the console is told at this level. */
  readonly told: string;
}

export const LEVEL_WORDS: Readonly<Record<DigestLevel, LevelWords>> = {
  sealed: {
    name: 'Numbers only',
    told: 'How many machines there are, which of them a person has checked, which can be reached; how many sessions are open and how many requests wait; the signed state of the record. No names.',
  },
  standard: {
    name: 'Names and states',
    told: 'That, and of each machine its name, labels and technical facts (system, memory, load), when it was last there, and whether somebody works on it.',
  },
  open: {
    name: 'Commands, too',
    told: 'That, and the text of commands, once the console can show it. It cannot yet: for now it is told the same as with names and states.',
  },
};

/** What holds at every level. */
export const NEVER_TOLD =
  'What commands print never goes there. Whoever works on a machine sees names and output in any case: they travel enciphered, from this box to that technician.';
