// The bounds of the console's relay: what it carries for whom. Pages say some of them.

/** Appliances that hold a reservation, connected or for an hour after. */
export const MAX_RESERVATIONS = 1536; // each is a connection: of MAX_CONNECTIONS a quarter is left to browsers
export const RESERVATION_MS = 3_600_000;
/** Relayed connections that one browser may have at once, and that one appliance may be reached by. */
export const MAX_CIRCUITS_FROM_PEER = 16;
export const MAX_CIRCUITS_TO_PEER = 48;
/**
 * Connections of one key. A browser has one key and each of its tabs on a site a connection of its own; one that
 * reconnects may have a dead one beside it.
 */
export const MAX_CONNECTIONS_PER_PEER = 16;
/** Connections from one address: a whole office may share one. Loopback is a proxy, which has its own limit. */
export const MAX_CONNECTIONS_PER_ADDRESS = 256;
