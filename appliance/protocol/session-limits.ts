// How long a session may last. The appliance ends it then; pages say when that will be.

/** A session may last so long, whatever its statement says. */
export const MAX_SESSION_MS = 12 * 3_600_000;

/** A session in which nothing happens for so long is closed. What runs or waits in it happens all the while. */
export const IDLE_MS = 30 * 60_000;
