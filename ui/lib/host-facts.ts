// What a machine tells of itself, in words and units for people. What is not known here is shown as it came.

import { formatSize } from './size.ts';
import { formatDuration } from './time.ts';

type Host = Readonly<Record<string, string | number | null>>;

export interface Fact {
  readonly title: string;
  readonly text: string;
}

/** The facts worth a line, in a fixed order, and then whatever else was told. */
export function hostFacts(host: Host | null): readonly Fact[] {
  if (host === null) return [];
  const rest = Object.entries(host)
    .filter(([name, value]) => !KNOWN.has(name) && value !== null)
    .map(([name, value]) => ({ title: name, text: String(value) }));
  return [...FACTS.flatMap(({ title, say }) => factOf(title, say(host))), ...rest];
}

function factOf(title: string, text: string | null): Fact[] {
  return text === null ? [] : [{ title, text }];
}

const FACTS: readonly {
  title: string;
  names: readonly string[];
  say: (host: Host) => string | null;
}[] = [
  { title: 'Host name', names: ['hostname'], say: (host) => textOf(host, 'hostname') },
  {
    title: 'System',
    names: ['os', 'version', 'arch'],
    say: (host) => joined([textOf(host, 'os'), textOf(host, 'version'), textOf(host, 'arch')]),
  },
  {
    title: 'Load',
    names: ['load1', 'cpuCount'],
    say: ({ load1, cpuCount }) =>
      typeof load1 === 'number' && typeof cpuCount === 'number'
        ? `${load1.toFixed(2)} on ${cpuCount} processors`
        : null,
  },
  {
    title: 'Memory',
    names: ['memoryFreeBytes', 'memoryTotalBytes'],
    say: ({ memoryFreeBytes, memoryTotalBytes }) => free(memoryFreeBytes, memoryTotalBytes),
  },
  {
    title: 'Disk',
    names: ['diskFreeBytes', 'diskTotalBytes'],
    say: ({ diskFreeBytes, diskTotalBytes }) => free(diskFreeBytes, diskTotalBytes),
  },
  {
    title: 'Up for',
    names: ['uptimeS'],
    say: ({ uptimeS }) => (typeof uptimeS === 'number' ? formatDuration(uptimeS * 1000) : null),
  },
  {
    title: 'Agent runs on',
    names: ['runtime', 'runtimeVersion'],
    say: (host) => joined([textOf(host, 'runtime'), textOf(host, 'runtimeVersion')]),
  },
];

const KNOWN: ReadonlySet<string> = new Set(FACTS.flatMap(({ names }) => names));

function textOf(host: Host, name: string): string | null {
  const value = host[name];
  return typeof value === 'string' && value !== '' ? value : null;
}

function joined(parts: readonly (string | null)[]): string | null {
  const known = parts.filter((part) => part !== null);
  return known.length === 0 ? null : known.join(' ');
}

function free(
  left: string | number | null | undefined,
  total: string | number | null | undefined,
): string | null {
  if (typeof left !== 'number' || typeof total !== 'number') return null;
  return `${formatSize(left)} free of ${formatSize(total)}`;
}
