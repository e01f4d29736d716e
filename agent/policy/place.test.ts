import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { type Decision, type Judged, presetPolicy, type ShellName } from '#crypto/policy.ts';

import { openJudge } from './decide.ts';
import { HARMLESS_PLACES, OPEN_PLACES, PLACES, REGISTRY_PLACES, WINDOWS_PLACES } from './place.ts';

const judge = await openJudge();
const STANDARD = presetPolicy('standard', 'UTC');

function decide(shell: ShellName, command: string): Decision {
  const judged: Judged = {
    ...{ shell, command, cwd: null, env: {}, labels: [], role: 'technician' },
    atMs: Date.parse('2026-11-18T10:00:00Z'),
  };
  return judge(STANDARD, judged);
}

/** Paths between blanks, the first word of a line telling what they are. */
function paths(text: string): readonly string[] {
  return text.split('\n').flatMap((line) => line.trim().split(/\s+/).slice(1));
}

const SECRET = paths(`
  samba        /etc/samba/smbpasswd /etc/smbpasswd /var/lib/samba/private/secrets.tdb
  sasl         /etc/sasldb2 /etc/sasldb2.db /var/spool/postfix/etc/sasldb2
  accounts     /etc/shadow /etc/gshadow- /etc/security/opasswd /etc/ftpd.passwd /etc/users.oath ~/.google_authenticator
  ldap         /etc/pam_ldap.secret /etc/ldap.secret /etc/openldap/slapd.conf /etc/ldap/slapd.conf /etc/nslcd.conf
  kerberos     /etc/krb5.keytab /var/kerberos/krb5kdc/principal /var/lib/krb5kdc/principal /etc/krb5kdc/stash
  radius       /etc/freeradius/3.0/clients.conf /etc/freeradius/3.0/users /etc/raddb/clients.conf /etc/tacacs+/tac_plus.conf
  ftp          /etc/pure-ftpd/pureftpd.passwd /etc/pure-ftpd/pureftpd.pdb /etc/proftpd/ftpd.passwd /etc/vsftpd/virtual_users.txt
  web          /etc/nginx/htpasswd /etc/nginx/.htpasswd /etc/apache2/site.htpasswd /etc/httpd/htdigest /etc/squid/passwd
  web          /etc/apache2/passwords /etc/mosquitto/passwd /srv/svn/repo/conf/passwd
  mail         /etc/dovecot/users /etc/dovecot/dovecot-sql.conf.ext /etc/postfix/mysql-virtual.cf /etc/mail/authinfo
  mail         /etc/msmtprc ~/.msmtprc ~/.fetchmailrc /etc/fetchmailrc ~/.mbsyncrc /etc/ssmtp/ssmtp.conf /etc/exim4/passwd.client
  files        /etc/cifs-credentials /root/smb.credentials /etc/rsyncd.secrets /etc/davfs2/secrets ~/.passwd-s3fs
  files        ~/.rclone.conf ~/.config/rclone/rclone.conf ~/.cargo/credentials.toml
  keys         /var/lib/tor/x/private_key /var/lib/tor/x/hs_ed25519_secret_key /etc/tinc/x/rsa_key.priv
  keys         /etc/ssl/private/site.pem /etc/letsencrypt/live/x/privkey.pem /etc/opendkim/keys/x/default.private
  keys         /etc/bind/rndc.key /etc/ntp.keys /etc/chrony/chrony.keys /etc/luks-keys/data /srv/traefik/acme.json
  keys         /etc/dropbear/dropbear_rsa_host_key /etc/corosync/authkey /etc/ha.d/authkeys /boot/crypto_keyfile.bin
  networks     /etc/ppp/chap-secrets /etc/ppp/pap-secrets /etc/ipsec.secrets /etc/strongswan/ipsec.secrets
  networks     /etc/wpa_supplicant/wpa_supplicant.conf /etc/wireguard/wg0.conf /opt/wg0.conf /etc/vpnc/default.conf
  networks     /etc/NetworkManager/system-connections/office.nmconnection /var/lib/zerotier-one/identity.secret
  networks     /var/lib/tailscale/tailscaled.state /etc/snmp/snmpd.conf /etc/frr/frr.conf /etc/keepalived/keepalived.conf
  databases    ~/.pgpass ~/.my.cnf /etc/mysql/debian.cnf /etc/pgbouncer/userlist.txt /etc/pgpool2/pool_passwd
  databases    /etc/redis/redis.conf /var/lib/rabbitmq/.erlang.cookie /etc/odbc.ini ~/.pg_service.conf
  clusters     /var/lib/rancher/k3s/server/token /etc/rancher/k3s/k3s.yaml /root/kubeconfig /srv/prod.kubeconfig
  clusters     /etc/kubernetes/admin.conf /var/lib/etcd/member/snap/db ~/.docker/config.json ~/.config/containers/auth.json
  clusters     /var/lib/docker/swarm/certificates/swarm-node.key /run/secrets/db /srv/app/secrets/db
  tools        ~/.netrc ~/.git-credentials /srv/app/.git/config ~/.subversion/auth/svn.simple/x /srv/terraform.tfstate
  tools        /srv/prod.tfvars ~/.ansible/vault_pass /srv/ansible/.vault_pass.txt /srv/group_vars/all/vault.yml
  services     /var/lib/jenkins/secrets/master.key /var/lib/jenkins/credentials.xml /var/lib/jenkins/secrets/initialAdminPassword
  services     /etc/gitlab/gitlab-secrets.json /etc/gitlab/initial_root_password /etc/gitlab/gitlab.rb
  services     /etc/gitlab-runner/config.toml /etc/gitea/app.ini /etc/grafana/grafana.ini /etc/vault.d/vault.hcl
  services     /etc/consul.d/consul.hcl /etc/zabbix/zabbix_server.conf /etc/nut/upsd.users /etc/nut/upsmon.conf
  services     /etc/bareos/bareos-dir.conf /etc/bacula/bconsole.conf /etc/asterisk/sip.conf /etc/ddclient.conf
  services     /etc/cups/printers.conf /etc/iscsi/iscsid.conf /etc/turnserver.conf /etc/icinga2/conf.d/api-users.conf
  programs     /srv/app/.env /srv/app/prod.env /srv/app/application.properties /srv/app/settings.php /srv/app/local_settings.py
  copies       /etc/samba/smbpasswd.bak /etc/msmtprc~ /etc/rsyncd.secrets.old /etc/shadow.2 /etc/upsd.users.dpkg-old
  installers   /root/anaconda-ks.cfg /var/lib/cloud/instance/user-data.txt /etc/cloud/cloud.cfg.d/90.cfg /boot/grub/grub.cfg
  people       ~/.local/share/fish/fish_history ~/.histfile ~/.Xauthority ~/.vnc/passwd ~/.config/filezilla/sitemanager.xml
  people       ~/.purple/accounts.xml ~/.local/share/remmina/x.remmina ~/wallet.dat ~/passwords.txt
`);

const PLAIN = paths(`
  accounts     /etc/passwd /etc/group /etc/login.defs /etc/nsswitch.conf /etc/pam.d/passwd /etc/shells
  names        /etc/hosts /etc/hostname /etc/resolv.conf /etc/services /etc/networks /etc/krb5.conf
  machine      /etc/fstab /etc/os-release /etc/machine-id /etc/crontab /etc/sysctl.conf /etc/default/grub /etc/timezone
  network      /etc/network/interfaces /etc/dhcp/dhclient.conf /etc/chrony/chrony.conf /etc/ntp.conf
  web          /etc/nginx/nginx.conf /etc/nginx/conf.d/site.conf /etc/apache2/apache2.conf /etc/squid/squid.conf
  mail         /etc/postfix/main.cf /etc/postfix/master.cf /etc/dovecot/dovecot.conf /etc/aliases
  files        /etc/samba/smb.conf /etc/exports /etc/rsyncd.conf /etc/ssh/sshd_config /etc/ssh/ssh_config
  keys         /etc/ssh/ssh_host_ed25519_key.pub /etc/ssl/certs/ca.pem /etc/ssl/openssl.cnf /srv/site.crt
  databases    /etc/mysql/my.cnf /etc/postgresql/16/main/postgresql.conf /var/log/mysql/error.log
  services     /etc/ups/nut.conf /etc/cups/cupsd.conf /etc/haproxy/haproxy.cfg /etc/docker/daemon.json
  logs         /var/log/syslog /var/log/nginx/error.log /opt/app/logs/*.log /var/log/samba/*.gz /etc/*release
  documents    /usr/share/doc/samba/README /srv/app/package.json /srv/app/docker-compose.yml /srv/app/notes.txt
`);

const SECRET_ON_WINDOWS = paths(String.raw`
  setup        C:\Windows\Panther\unattend.xml C:\Windows\Panther\Unattend\Unattended.xml C:\unattend.txt C:\Windows\Panther\*
  setup        C:\Windows\System32\sysprep\sysprep.xml C:\autounattend.xml
  policies     \\dc\sysvol\corp\Preferences\Groups.xml C:\ProgramData\x\ScheduledTasks.xml C:\x\Drives.xml C:\x\Services.xml
  web          C:\inetpub\wwwroot\web.config C:\Windows\System32\inetsrv\config\applicationHost.config
  web          C:\Windows\Microsoft.NET\Framework64\v4.0.30319\Config\machine.config C:\app\app.config
  remote       C:\Users\a\Desktop\server.rdp C:\Users\a\servers.rdg C:\tools\confCons.xml C:\tools\WinSCP.ini
  remote       C:\tools\ultravnc.ini C:\tools\sitemanager.xml
  keys         C:\x\key.pfx C:\x\code.snk C:\x\code.pvk C:\x\drive.bek C:\x\vault.kdbx C:\x\prod.publishsettings
  tools        C:\Users\a\.git-credentials C:\Users\a\_netrc C:\x\nuget.config C:\x\appsettings.json C:\x\credentials.xml
`);

const PLAIN_ON_WINDOWS = paths(String.raw`
  machine      C:\Windows\System32\drivers\etc\hosts C:\Windows\win.ini C:\Windows\System32\drivers\etc\services
  logs         C:\Windows\Logs\CBS\CBS.log C:\Windows\Panther\setupact.log C:\inetpub\logs\LogFiles\W3SVC1\ex1.log
  programs     C:\app\package.json C:\app\logs\app.log C:\app\readme.txt
`);

const LISTS: readonly (readonly [ShellName, Decision['effect'], readonly string[]])[] = [
  ['sh', 'ask', SECRET],
  ['sh', 'allow', PLAIN],
  ['powershell', 'ask', SECRET_ON_WINDOWS],
  ['powershell', 'allow', PLAIN_ON_WINDOWS],
];

const reading = suite('PLACES');
for (const [shell, effect, list] of LISTS) {
  for (const path of list) {
    reading(`make standard ${effect} in ${shell} about ${path}`, () => {
      const decision = decide(shell, `cat ${path}`);
      assert.is(decision.effect, effect, decision.why);
    });
  }
}

reading('call what is asked sensitive, and nothing worse', () => {
  for (const path of SECRET) assert.is(decide('sh', `cat ${path}`).access, 'sensitive', path);
});

reading('leave names and sizes to whoever asks', () => {
  for (const path of SECRET) {
    assert.is(decide('sh', `ls -l ${path}`).effect, 'allow', path);
    assert.is(decide('sh', `stat ${path}`).effect, 'allow', path);
  }
});
reading.run();

const table = suite('places');
table('are written in small letters, each once', () => {
  for (const places of [PLACES, WINDOWS_PLACES, REGISTRY_PLACES]) {
    const patterns = places.map(({ pattern }) => pattern.join('/'));
    assert.equal(patterns, [...new Set(patterns)]);
    assert.equal(
      patterns,
      patterns.map((pattern) => pattern.toLowerCase()),
    );
  }
  for (const patterns of [HARMLESS_PLACES, OPEN_PLACES]) {
    for (const pattern of patterns) assert.is(pattern.join('/'), pattern.join('/').toLowerCase());
  }
});
table.run();
