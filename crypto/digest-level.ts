// How much of a site its client lets the console know. The client alone chooses; what commands print never goes there.
//
//   sealed     leaves and checkpoints, how many endpoints there are, which of them are verified and online
//   standard   and names, labels, times and the machines' own facts
//   open       and command lines

export const DIGEST_LEVELS = ['sealed', 'standard', 'open'] as const;
export type DigestLevel = (typeof DIGEST_LEVELS)[number];
