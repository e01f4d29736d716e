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

/**
 * The class stands first, or behind its parameter, or in a query; and is one of those that only read. What else stands
 * there names properties: PowerShell makes a query of it, in which `* from Win32_Product where x='` is more.
 */
function isCimReading(parts: readonly PowerShellPart[]): boolean {
  const classes = parts.flatMap(({ kind, text }, i) => {
    const parameter = parts[i - 1]?.kind === 'parameter' ? parts[i - 1]?.text.toLowerCase() : null;
    if (kind === 'parameter') return [];
    if (parameter === '-query') return [QUERY.exec(text)?.[1] ?? ''];
    if (parameter === '-namespace')
      return /^root[\\/](?:cimv2|securitycenter2)$/i.test(text) ? [] : [''];
    if (i === 0 || parameter === '-class' || parameter === '-classname') return [text];
    return parameter === '-filter' || /^[\w*]+$/.test(text) ? [] : [''];
  });
  return classes.length > 0 && classes.every((name) => CIM_CLASSES.has(name.toLowerCase()));
}

const QUERY = /^select [\w*]+(?:, ?[\w*]+)* from (\w+)(?: where .*)?$/i;

/** What objects of the directory may be searched by. By any property, a search would tell a password letter by letter. */
const AD_FILTER =
  /^(?:\*|(?:name|samaccountname|userprincipalname|displayname|enabled|operatingsystem|objectclass) -(?:eq|ne|like|notlike) (?:'[^']*'|"[^"]*"|\$?\w+))$/i;

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
      if (cmdlet.startsWith('get-ad') && after?.text.toLowerCase() === '-filter') {
        return AD_FILTER.test(part.text);
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

const COMMON = new Set(['erroraction', 'warningaction']);

/**
 * Names of cmdlets, then the parameters that they may take, each by a name that the cmdlet has: PowerShell takes any
 * other for the beginning of one, `-Property` of Get-ADUser for `-Properties`.
 */
const CMDLETS: ReadonlyMap<string, ReadonlySet<string>> = new Map(
  [
    // shaping what is shown
    ['select-object', 'property first last skip expandproperty excludeproperty unique index'],
    [
      'where-object',
      'property value filterscript eq ne gt ge lt le like notlike match notmatch contains notcontains in notin',
    ],
    ['sort-object', 'property descending unique top bottom'],
    ['group-object', 'property noelement'],
    ['measure-object', 'property sum average maximum minimum line word character'],
    ['format-table', 'property autosize wrap groupby hidetableheaders force'],
    ['format-list', 'property groupby force'],
    ['format-wide', 'property column autosize force'],
    ['out-string', 'width stream'],
    ['out-null out-host out-default write-output get-unique', ''],
    ['convertto-json', 'depth compress'],
    ['convertto-csv', 'notypeinformation delimiter'],
    [
      'select-string',
      'path literalpath pattern include exclude simplematch casesensitive context list quiet notmatch allmatches',
    ],
    // files and registry
    [
      'get-childitem',
      'path literalpath filter include exclude recurse depth force name file directory hidden system attributes',
    ],
    ['get-item', 'path literalpath filter include exclude force'],
    ['get-itemproperty get-itempropertyvalue', 'path literalpath name filter include exclude'],
    ['get-location', ''],
    ['get-psdrive', 'name'],
    [
      'get-content',
      'path literalpath filter include exclude force tail totalcount head first last raw encoding',
    ],
    ['get-acl', 'path literalpath filter include exclude'],
    ['get-filehash', 'path literalpath algorithm'],
    ['test-path', 'path literalpath filter include exclude pathtype'],
    ['resolve-path', 'path literalpath'],
    // processes, services, events
    ['get-process', 'name id includeusername'],
    ['get-service', 'name displayname include exclude requiredservices dependentservices'],
    ['get-eventlog', 'logname newest entrytype source instanceid after before message list'],
    ['get-winevent', 'logname maxevents providername listlog filterxpath oldest path force'],
    ['get-scheduledtask get-scheduledtaskinfo', 'taskname taskpath'],
    ['get-counter', 'counter maxsamples sampleinterval listset'],
    // the machine
    ['get-date', 'format uformat date displayhint'],
    ['get-host get-culture get-uiculture', ''],
    ['get-timezone', 'name id'],
    ['get-computerinfo', 'property'],
    ['get-alias', 'name'],
    ['get-history', 'id count'],
    ['get-hotfix', 'id description'],
    // `-Class` of Get-CimInstance can only be short for `-ClassName`
    ['get-ciminstance get-wmiobject', 'classname class namespace query filter property'],
    ['get-module', 'name listavailable'],
    ['get-pnpdevice', 'class status presentonly instanceid friendlyname'],
    ['get-volume', 'driveletter'],
    ['get-disk', 'number'],
    ['get-partition', 'driveletter disknumber'],
    ['get-physicaldisk get-storagepool', 'friendlyname'],
    ['get-bitlockervolume', 'mountpoint'],
    ['get-mpcomputerstatus get-mppreference get-mpthreat get-mpthreatdetection', ''],
    ['get-windowsfeature', 'name'],
    ['get-appxpackage', 'name allusers'],
    ['get-printer', 'name'],
    ['get-printjob', 'printername id'],
    ['get-localuser get-localgroup', 'name'],
    ['get-localgroupmember', 'name group member'],
    ['get-vm get-vmswitch', 'name id'],
    // the network
    ['get-netadapter', 'name interfaceindex physical'],
    ['get-netadapterstatistics', 'name'],
    ['get-netipinterface', 'interfaceindex interfacealias addressfamily'],
    ['get-netipaddress', 'interfacealias interfaceindex addressfamily'],
    ['get-netipconfiguration', 'interfacealias interfaceindex all detailed'],
    ['get-netroute', 'destinationprefix interfacealias interfaceindex addressfamily'],
    ['get-netneighbor', 'interfacealias interfaceindex addressfamily state'],
    ['get-nettcpconnection', 'state localport remoteport localaddress remoteaddress owningprocess'],
    ['get-netudpendpoint', 'localport localaddress owningprocess'],
    ['get-netconnectionprofile', 'name interfacealias interfaceindex'],
    ['get-netfirewallrule', 'name displayname enabled direction action displaygroup policystore'],
    ['get-netfirewallprofile', 'name all'],
    ['get-netfirewallportfilter', 'all protocol'],
    ['get-netfirewalladdressfilter', 'all'],
    ['get-dnsclient', 'interfacealias interfaceindex'],
    ['get-dnsclientserveraddress', 'interfacealias interfaceindex addressfamily'],
    ['get-dnsclientcache', 'entry name'],
    ['get-dnsserverzone', 'name'],
    ['get-dnsserverforwarder', ''],
    ['get-dnsserverresourcerecord', 'zonename rrtype name'],
    ['get-dhcpserverv4scope get-dhcpserverv4lease', 'scopeid'],
    ['get-smbshare', 'name'],
    ['get-smbsession get-smbconnection get-smbmapping get-smbopenfile', ''],
    ['resolve-dnsname', 'name type server dnsonly nohostsfile quicktimeout'],
    ['test-netconnection', 'computername port informationlevel commontcpport traceroute'],
    ['test-connection', 'computername targetname count quiet ipv4 ipv6'],
    // the directory; not its properties, because LAPS keeps passwords in one
    ['get-aduser get-adcomputer get-adgroup', 'identity filter searchbase'],
    ['get-addomain get-adforest get-addomaincontroller get-adgroupmember', 'identity'],
  ].flatMap(([names = '', parameters = '']) => {
    const own = new Set(parameters.split(' '));
    return names.split(' ').map((name) => [name, own] as const);
  }),
);
