// Room on the disk. A full disk is the one fault that keeps LevelDB from opening again (it must write a table
// to recover), so a reserve file is kept that can be given up, and new work is refused long before it is needed.

import { randomFillSync } from 'node:crypto';
import { statfsSync } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { syncFolder } from './durable-file.ts';

export interface DiskOptions {
  /** Below this much free space new work is refused. */
  readonly lowWaterBytes?: number;
  /** Below this much even what ends work already begun is refused, while it can still be refused. */
  readonly criticalBytes?: number;
  /** Size of the reserve file. */
  readonly reserveBytes?: number;
  /** Free bytes of a folder's disk for us; the file system's answer by default. */
  readonly freeBytes?: (folder: string) => number;
}

/** How much room there is: `enough` for everything, `low` for endings only, `none`. */
export type Room = 'enough' | 'low' | 'none';

/** Watches the room of the log's folder and keeps its reserve. */
export interface Disk {
  /** Room as of the last look; looks again when it was not enough. */
  readonly room: Room;
  /** Looks, and brings the reserve back once there is room for it. */
  look(): Room;
  /** Waits for a reserve that is being brought back. @throws the file system's error */
  settled(): Promise<void>;
}

const NAME = 'reserve';
const MIB = 1024 * 1024;

/** Enough for LevelDB to write out both its memory tables and recover. */
const RESERVE_BYTES = 24 * MIB;

/** Makes the reserve, of bytes that no file system can shrink, on disk. */
export async function createReserve(folder: string, reserveBytes = RESERVE_BYTES): Promise<void> {
  await using file = await open(join(folder, NAME), 'w', 0o600);
  const block = randomFillSync(new Uint8Array(Math.min(MIB, reserveBytes)));
  for (let written = 0; written < reserveBytes; written += block.length) {
    await file.write(block, 0, Math.min(block.length, reserveBytes - written));
  }
  await file.sync();
  await syncFolder(folder);
}

/** Gives the reserve up, so that a full disk has room to recover in. */
export async function giveUpReserve(folder: string): Promise<void> {
  await rm(join(folder, NAME), { force: true });
}

/** Opens the watch. When space is short the reserve is given up at once, so that the store can recover. */
export async function openDisk(folder: string, options: DiskOptions = {}): Promise<Disk> {
  const {
    lowWaterBytes = 64 * MIB,
    criticalBytes = 24 * MIB,
    reserveBytes = RESERVE_BYTES,
    freeBytes = freeBytesOf,
  } = options;
  let hasReserve = (await sizeOfReserve(folder)) >= reserveBytes;
  if (freeBytes(folder) < criticalBytes) {
    await giveUpReserve(folder);
    hasReserve = false;
  }
  let restoring: Promise<void> | null = null;
  let failure: unknown;
  let room: Room = 'enough';
  look();
  return {
    get room() {
      return room === 'enough' ? room : look();
    },
    look,
    async settled() {
      await restoring;
      if (failure !== undefined)
        throw new Error('Cannot restore reserve: writing it failed', { cause: failure });
    },
  };

  function look(): Room {
    const free = freeBytes(folder);
    if (!hasReserve && restoring === null && free >= lowWaterBytes + reserveBytes) {
      restoring = restore();
    }
    if (free < criticalBytes) room = 'none';
    else room = free < lowWaterBytes || !hasReserve ? 'low' : 'enough';
    return room;
  }

  async function restore(): Promise<void> {
    try {
      await createReserve(folder, reserveBytes);
      hasReserve = true;
      failure = undefined;
    } catch (error) {
      failure = error; // no reserve, so the room stays low and the next look tries again
    } finally {
      restoring = null;
    }
  }
}

async function sizeOfReserve(folder: string): Promise<number> {
  try {
    return (await stat(join(folder, NAME))).size;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return 0;
    throw error;
  }
}

function freeBytesOf(folder: string): number {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
}
