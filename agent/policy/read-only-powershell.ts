// Cmdlets that only read, each with the parameters that only read. A list, not `Get-*`: Get-Credential
// prompts, Get-Help offers downloads, Get-WmiObject Win32_Product starts repairs. And a list of
// parameters, because any cmdlet takes `-OutVariable` and `-PipelineVariable`, which set variables, and
// shortens every name it can.

import type { ShellName } from '#crypto/policy.ts';

import { resolveAlias } from './name.ts';
import type { PowerShellCommand, PowerShellPart } from './powershell-words.ts';
import { isFarPath, isWindowsReadOnly } from './read-only-windows.ts';

/** Tells whether a cmdlet or program, called so from PowerShell, only reads. */
export function isPowerShellReadOnly(
  shell: ShellName,
  { name, parts }: PowerShellCommand,
): boolean {
  const cmdlet = resolveName(shell, name);
  if (cmdlet === null) return false;
  const own = CMDLETS.get(cmdlet);
  if (own === undefined) return cmdlet === name.toLowerCase() && isProgramReading(cmdlet, parts);
  if (CIM_CMDLETS.has(cmdlet) && !isCimReading(parts)) return false;
  return parts.every((part, i) => isReadingPart({ cmdlet, own, part, after: parts[i - 1] }));
}

const CIM_CMDLETS = new Set(['get-ciminstance', 'get-wmiobject']);

// A list: asking for Win32_Product, or for a class above it as CIM_Product is, makes the Windows Installer check
// and repair every package; Win32_PingStatus sends.
const CIM_CLASSES = new Set(
  (
    'win32_operatingsystem win32_computersystem win32_computersystemproduct win32_processor win32_bios ' +
    'win32_baseboard win32_systemenclosure win32_physicalmemory win32_logicaldisk win32_diskdrive ' +
    'win32_diskpartition win32_volume win32_networkadapter win32_networkadapterconfiguration win32_service ' +
    'win32_process win32_quickfixengineering win32_printer win32_startupcommand win32_useraccount win32_group ' +
    'win32_timezone win32_pagefileusage win32_videocontroller win32_battery win32_share win32_logonsession ' +
    'win32_pnpentity win32_pnpsigneddriver win32_systemdriver win32_reliabilityrecords antivirusproduct'
  ).split(' '),
);

/** The class stands first, or behind its parameter, or in a query; and is one of those that only read. */
function isCimReading(parts: readonly PowerShellPart[]): boolean {
  const classes = parts.flatMap(({ kind, text }, i) => {
    const parameter = parts[i - 1]?.kind === 'parameter' ? parts[i - 1]?.text.toLowerCase() : null;
    if (kind === 'parameter') return [];
    if (parameter === '-query') return [QUERY.exec(text)?.[1] ?? ''];
    if (parameter === '-namespace')
      return /^root[\\/](?:cimv2|securitycenter2)$/i.test(text) ? [] : [''];
    return i === 0 || parameter === '-class' || parameter === '-classname' ? [text] : [];
  });
  return classes.length > 0 && classes.every((name) => CIM_CLASSES.has(name.toLowerCase()));
}

const QUERY = /^select [\w*, ]+ from (\w+)(?: where .*)?$/i;

/**
 * PowerShell 7 has other aliases on other systems, where `sort` and `ls` are programs: there only those
 * count that are the same everywhere.
 */
function resolveName(shell: ShellName, name: string): string | null {
  const lower = name.toLowerCase();
  const cmdlet = resolveAlias(lower).toLowerCase();
  if (cmdlet === lower || shell === 'powershell') return cmdlet;
  return SHARED_ALIASES.has(lower) ? cmdlet : null;
}

const SHARED_ALIASES = new Set(
  'dir fl ft fw gal gc gci gcim gdr gi gin gl gmo gp gps gpv group gsv gtz measure rvpa select sls where'.split(
    ' ',
  ),
);

interface PartInPlace {
  readonly cmdlet: string;
  readonly own: ReadonlySet<string>;
  readonly part: PowerShellPart;
  readonly after: PowerShellPart | undefined;
}

function isReadingPart({ cmdlet, own, part, after }: PartInPlace): boolean {
  switch (part.kind) {
    case 'parameter': {
      const parameter = part.text.slice(1).toLowerCase();
      return COMMON.has(parameter) || own.has(parameter);
    }
    case 'comparison':
      return cmdlet === 'where-object';
    case 'word':
    case 'string':
      if (after?.kind === 'parameter' && /^-(?:error|warning)action$/i.test(after.text)) {
        return /^(?:SilentlyContinue|Continue|Ignore|Stop)$/i.test(part.text); // Break opens a debugger
      }
      return !isFarPath(part.text) && !isStrangeDrive(part.text);
    default:
      return part satisfies never;
  }
}

/** A provider's path, except the file system, registry, certificates and environment. */
function isStrangeDrive(text: string): boolean {
  const drive = /^([A-Za-z][A-Za-z.\\]+):/.exec(text)?.[1]?.toLowerCase();
  return drive !== undefined && !['hklm', 'hkcu', 'env', 'cert'].includes(drive);
}

/** Windows PowerShell hands quotes on to programs unescaped: only words without them are certain. */
function isProgramReading(name: string, parts: readonly PowerShellPart[]): boolean {
  const isCertain = parts.every((part) => part.kind !== 'comparison' && !/["\s]/.test(part.text));
  return (
    isCertain &&
    isWindowsReadOnly(
      name,
      parts.map((part) => part.text),
    )
  );
}

const COMMON = new Set(
  'name id path literalpath filter include exclude recurse depth force property erroraction warningaction'.split(
    ' ',
  ),
);

const NONE: ReadonlySet<string> = new Set();

/** Names of cmdlets, then what else they may take. */
const CMDLETS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  [
    // shaping what is shown
    ['select-object', 'first last skip expandproperty excludeproperty unique index'],
    [
      'where-object',
      'value filterscript eq ne gt ge lt le like notlike match notmatch contains in notin',
    ],
    ['sort-object', 'descending unique top bottom'],
    ['group-object', 'noelement'],
    ['measure-object', 'sum average maximum minimum line word character'],
    ['format-table', 'autosize wrap groupby hidetableheaders'],
    ['format-list', 'groupby'],
    ['format-wide', 'column autosize'],
    ['out-string', 'width stream'],
    ['out-null out-host out-default write-output get-unique', ''],
    ['convertto-json', 'compress'],
    ['convertto-csv', 'notypeinformation delimiter'],
    ['select-string', 'pattern simplematch casesensitive context list quiet notmatch allmatches'],
    // files and registry
    ['get-childitem', 'file directory hidden system attributes'],
    ['get-item get-itemproperty get-itempropertyvalue get-location get-psdrive', ''],
    ['get-content', 'tail totalcount head first last raw encoding'],
    ['get-acl', ''],
    ['get-filehash', 'algorithm'],
    ['test-path', 'pathtype'],
    ['resolve-path', ''],
    // processes, services, events
    ['get-process', 'includeusername'],
    ['get-service', 'displayname requiredservices dependentservices'],
    ['get-eventlog', 'logname newest entrytype source instanceid after before message list'],
    ['get-winevent', 'logname maxevents providername listlog filterxpath oldest'],
    ['get-scheduledtask get-scheduledtaskinfo', 'taskname taskpath'],
    ['get-counter', 'counter maxsamples sampleinterval listset'],
    // the machine
    ['get-date', 'format utformat date displayhint'],
    ['get-host get-culture get-uiculture get-timezone get-computerinfo get-alias get-history', ''],
    ['get-hotfix', 'description'],
    ['get-ciminstance get-wmiobject', 'classname class namespace query'],
    ['get-module', 'listavailable'],
    ['get-pnpdevice', 'class status presentonly'],
    [
      'get-volume get-disk get-physicaldisk get-partition get-storagepool',
      'driveletter number disknumber',
    ],
    ['get-bitlockervolume', 'mountpoint'],
    ['get-mpcomputerstatus get-mppreference get-mpthreat get-mpthreatdetection', ''],
    ['get-windowsfeature get-appxpackage', 'allusers'],
    ['get-printer get-printjob', 'printername'],
    ['get-localuser get-localgroup', ''],
    ['get-localgroupmember', 'group member'],
    ['get-vm get-vmswitch', ''],
    // the network
    ['get-netadapter get-netadapterstatistics get-netipinterface', 'interfaceindex physical'],
    [
      'get-netipaddress get-netipconfiguration',
      'interfacealias interfaceindex addressfamily all detailed',
    ],
    ['get-netroute', 'destinationprefix interfacealias addressfamily'],
    ['get-netneighbor', 'interfacealias addressfamily state'],
    [
      'get-nettcpconnection get-netudpendpoint',
      'state localport remoteport localaddress owningprocess',
    ],
    ['get-netconnectionprofile', 'interfacealias'],
    ['get-netfirewallrule', 'displayname enabled direction action displaygroup policystore'],
    ['get-netfirewallprofile', 'all'],
    ['get-netfirewallportfilter get-netfirewalladdressfilter', 'protocol'],
    [
      'get-dnsclient get-dnsclientcache get-dnsclientserveraddress',
      'interfacealias addressfamily entry',
    ],
    ['get-dnsserverzone get-dnsserverforwarder', ''],
    ['get-dnsserverresourcerecord', 'zonename rrtype'],
    ['get-dhcpserverv4scope get-dhcpserverv4lease', 'scopeid'],
    ['get-smbshare get-smbsession get-smbconnection get-smbmapping get-smbopenfile', ''],
    ['resolve-dnsname', 'type server dnsonly nohostsfile quicktimeout'],
    ['test-netconnection', 'computername port informationlevel commontcpport traceroute'],
    ['test-connection', 'computername targetname count quiet ipv4 ipv6'],
    // the directory
    [
      'get-aduser get-adcomputer get-adgroup get-addomain get-adforest',
      'identity searchbase', // not properties: LAPS keeps passwords in one,
    ],
    ['get-adgroupmember get-addomaincontroller', 'identity'],
  ].flatMap(([names = '', parameters = '']) => {
    const own = parameters === '' ? NONE : new Set(parameters.split(' '));
    return names.split(' ').map((name) => [name, own] as const);
  }),
);
