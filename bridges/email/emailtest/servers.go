// Package emailtest runs real mail servers for tests: Debian's Dovecot, unprivileged, and Postfix, on high ports of this machine.
package emailtest

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Address is the business's mailbox, Customer somebody else's; both have the Password.
const (
	Address  = "support@biz.example"
	Customer = "ana@x.example"
	Password = "planted-mail-password-123456"
)

// lacking skips a test whose counterpart is not on this machine, and fails it where it must be.
func lacking(t *testing.T, what string) {
	t.Helper()
	if os.Getenv("CAUSEWAY_REQUIRE_PEERS") != "" {
		t.Fatal(what)
	}
	t.Skip(what)
}

// program is the place of a program, "" if it is not installed.
func program(name string) string {
	for _, dir := range []string{"/usr/sbin", "/usr/bin", "/usr/local/sbin"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err == nil {
			return filepath.Join(dir, name)
		}
	}
	return ""
}

// Servers are a Dovecot and, where asked for, a Postfix before it, on ports of their own. They end with the test.
type Servers struct {
	*testing.T
	dir                 string
	IMAP, IMAPS         int // ports
	SMTP, Submission    int
	lmtp, auth          int
	who                 *user.User
	CA                  string // PEM
	running             *exec.Cmd
	certificate, secret string // files
}

// New starts a Dovecot in which Address and Customer have mailboxes. The test is skipped where there is none.
func New(t *testing.T) *Servers {
	t.Helper()
	if testing.Short() {
		t.Skip("real servers are left out of short tests")
	}
	if program("dovecot") == "" {
		lacking(t, "dovecot is not installed: apt-get install dovecot-imapd dovecot-lmtpd")
	}
	s := &Servers{T: t}
	var err error
	if s.who, err = user.Current(); err == nil && s.who.Uid == "0" {
		s.who, err = user.Lookup("nobody") // Dovecot is run as nobody in particular
	}
	s.must(err)
	s.dir, err = os.MkdirTemp("/tmp", "mail")
	s.must(err)
	s.must(os.Chmod(s.dir, 0o755))
	t.Cleanup(func() { _ = os.RemoveAll(s.dir) })
	ports := free(t, 6)
	s.IMAP, s.IMAPS, s.lmtp, s.auth, s.SMTP, s.Submission = ports[0], ports[1], ports[2], ports[3], ports[4], ports[5]
	s.certify()
	s.StartDovecot()
	t.Cleanup(s.stopDovecot)
	return s
}

func (s *Servers) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func free(t *testing.T, n int) []int {
	t.Helper()
	var ports []int
	for range n {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		ports = append(ports, l.Addr().(*net.TCPAddr).Port)
	}
	return ports
}

// certify makes a certificate for localhost.
func (s *Servers) certify() {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	s.must(err)
	c := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"}, NotBefore: time.Now().Add(-time.Hour),
		NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign}
	der, err := x509.CreateCertificate(rand.Reader, c, c, &key.PublicKey, key)
	s.must(err)
	private, err := x509.MarshalPKCS8PrivateKey(key)
	s.must(err)
	s.CA = string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}))
	s.certificate, s.secret = filepath.Join(s.dir, "cert.pem"), filepath.Join(s.dir, "key.pem")
	s.must(os.WriteFile(s.certificate, []byte(s.CA), 0o644))
	s.must(os.WriteFile(s.secret, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
}

const dovecotConf = `base_dir = DIR/run
state_dir = DIR/state
log_path = DIR/dovecot.log
protocols = imap lmtp
listen = 127.0.0.1
default_internal_user = USER
default_internal_group = GROUP
default_login_user = USER
mail_uid = USER
mail_gid = GROUP
first_valid_uid = 1
first_valid_gid = 1
mail_location = maildir:DIR/mail/%u
mail_home = DIR/mail/%u
auth_mechanisms = plain login
disable_plaintext_auth = no
ssl = yes
ssl_cert = <DIR/cert.pem
ssl_key = <DIR/key.pem
mail_max_userip_connections = 100
recipient_delimiter = +
lmtp_save_to_detail_mailbox = no
passdb {
  driver = passwd-file
  args = DIR/passwd
}
userdb {
  driver = static
  args = uid=USER gid=GROUP home=DIR/mail/%u
}
namespace inbox {
  inbox = yes
  separator = /
  mailbox Support {
    auto = subscribe
  }
}
service imap-login {
  chroot =
  inet_listener imap {
    port = IMAP
  }
  inet_listener imaps {
    port = SECURE
    ssl = yes
  }
}
service lmtp {
  inet_listener lmtp {
    port = LMTP
  }
}
service anvil {
  chroot =
}
service stats {
  chroot =
}
service auth {
  user = USER
  inet_listener {
    port = AUTH
  }
}
`

func (s *Servers) fill(conf string) string {
	group, err := user.LookupGroupId(s.who.Gid)
	s.must(err)
	return strings.NewReplacer("DIR", s.dir, "USER", s.who.Username, "GROUP", group.Name, "IMAP", strconv.Itoa(s.IMAP), "SECURE", strconv.Itoa(s.IMAPS),
		"LMTP", strconv.Itoa(s.lmtp), "AUTH", strconv.Itoa(s.auth), "SMTPPORT", strconv.Itoa(s.SMTP), "SUBMIT", strconv.Itoa(s.Submission)).Replace(conf)
}

// StartDovecot starts it anew after KillDovecot.
func (s *Servers) StartDovecot() {
	s.Helper()
	s.must(os.WriteFile(filepath.Join(s.dir, "dovecot.conf"), []byte(s.fill(dovecotConf)), 0o644))
	s.must(os.WriteFile(filepath.Join(s.dir, "passwd"), []byte(fmt.Sprintf("%s:{PLAIN}%s\n%s:{PLAIN}%s\n", Address, Password, Customer, Password)), 0o644))
	for _, d := range []string{"run", "state", "mail"} {
		s.must(os.MkdirAll(filepath.Join(s.dir, d), 0o755))
	}
	cmd := exec.Command(program("dovecot"), "-F", "-c", filepath.Join(s.dir, "dovecot.conf"))
	if os.Getuid() == 0 {
		uid, _ := strconv.Atoi(s.who.Uid)
		gid, _ := strconv.Atoi(s.who.Gid)
		s.must(filepath.Walk(s.dir, func(path string, _ os.FileInfo, err error) error {
			if err != nil || strings.HasPrefix(path, filepath.Join(s.dir, "postfix")) {
				return err
			}
			return os.Lchown(path, uid, gid)
		}))
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	}
	out := &strings.Builder{}
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, out, s.dir
	s.must(cmd.Start())
	s.running = cmd
	for _, port := range []int{s.IMAP, s.lmtp, s.auth} {
		s.answers(port, filepath.Join(s.dir, "dovecot.log"))
	}
}

// answers waits until somebody listens at a port.
func (s *Servers) answers(port int, log string) {
	s.Helper()
	end := time.Now().Add(time.Minute)
	for {
		c, err := net.DialTimeout("tcp", fmt.Sprintf("127.0.0.1:%d", port), time.Second)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			text, _ := os.ReadFile(log)
			s.Fatalf("port %d does not answer: %v\n%s", port, err, text)
		}
		<-time.After(20 * time.Millisecond)
	}
}

func (s *Servers) stopDovecot() {
	if s.running == nil {
		return
	}
	_ = s.running.Process.Signal(syscall.SIGTERM)
	_ = s.running.Wait()
	s.running = nil
	_ = os.Remove(filepath.Join(s.dir, "run", "master.pid"))
}

// KillDovecot ends it as a power cut would: the master and, without it, all its processes.
func (s *Servers) KillDovecot() {
	_ = s.running.Process.Kill()
	_ = s.running.Wait()
	s.running = nil
	s.until("the end of dovecot's processes", func() bool {
		l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", s.IMAP))
		if err == nil {
			_ = l.Close()
		}
		return err == nil
	})
	_ = os.Remove(filepath.Join(s.dir, "run", "master.pid"))
}

// Put delivers a mail into the mailbox.
func (s *Servers) Put(mail string) { s.Helper(); s.Deliver(s.lmtp, "LHLO", mail) }

// Deliver hands in a mail at a port.
func (s *Servers) Deliver(port int, hello, mail string) {
	s.Helper()
	c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	s.must(err)
	defer c.Close()
	raw := strings.ReplaceAll(mail, "\n", "\r\n")
	talk := talker(s, c)
	talk("", "220")
	talk(hello+" test.example", "250")
	talk("MAIL FROM:<"+Customer+">", "250")
	talk("RCPT TO:<"+Address+">", "250")
	talk("DATA", "354")
	talk(raw+"\r\n.", "250")
	talk("QUIT", "221")
}

// talker says a line and wants an answer that begins so.
func talker(s *Servers, c net.Conn) func(line, want string) {
	buf := make([]byte, 4096)
	return func(line, want string) {
		s.Helper()
		if line != "" {
			_, err := c.Write([]byte(line + "\r\n"))
			s.must(err)
		}
		_ = c.SetReadDeadline(time.Now().Add(time.Minute))
		text := ""
		for {
			n, err := c.Read(buf)
			s.must(err)
			text += string(buf[:n])
			all := strings.Split(strings.TrimRight(text, "\r\n"), "\r\n")
			if last := all[len(all)-1]; strings.HasSuffix(text, "\r\n") && len(last) > 3 && last[3] == ' ' {
				break
			}
		}
		if !strings.HasPrefix(text, want) {
			s.Fatalf("%.60q: got %q", line, text)
		}
	}
}

// Drop puts a mail into the maildir of Address at once, in the order of i.
func (s *Servers) Drop(i int, mail string) {
	s.Helper()
	dir := filepath.Join(s.dir, "mail", Address, "new")
	s.must(os.MkdirAll(dir, 0o700))
	path := filepath.Join(dir, fmt.Sprintf("%d.M%06dP1.host", time.Now().Unix()-2000+int64(i), i))
	s.must(os.WriteFile(path, []byte(strings.ReplaceAll(mail, "\n", "\r\n")), 0o600))
	if uid, err := strconv.Atoi(s.who.Uid); err == nil && os.Getuid() == 0 {
		s.must(os.Lchown(path, uid, -1))
	}
}

const postfixMain = `compatibility_level = 3.6
queue_directory = DIR/postfix/queue
data_directory = DIR/postfix/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mx.biz.example
mydestination =
alias_maps =
alias_database =
local_recipient_maps =
mynetworks = 127.0.0.2/32
virtual_mailbox_domains = biz.example, x.example
virtual_mailbox_maps = inline:{ {support@biz.example=ok}, {ana@x.example=ok} }
virtual_transport = lmtp:inet:127.0.0.1:LMTP
disable_dns_lookups = yes
maillog_file = DIR/postfix/mail.log
maillog_file_prefixes = DIR
recipient_delimiter = +
smtpd_tls_cert_file = DIR/cert.pem
smtpd_tls_key_file = DIR/postfix/key.pem
smtpd_tls_security_level = may
`

const postfixMaster = `127.0.0.1:SMTPPORT inet n - n - - smtpd
127.0.0.1:SUBMIT inet n - n - - smtpd
  -o smtpd_sasl_auth_enable=yes -o smtpd_sasl_type=dovecot -o smtpd_sasl_path=inet:127.0.0.1:AUTH -o smtpd_tls_auth_only=yes
  -o smtpd_client_restrictions=permit_sasl_authenticated,reject -o smtpd_recipient_restrictions=reject_unlisted_recipient,permit_sasl_authenticated,reject
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
`

// StartPostfix puts a Postfix before it: SMTP takes mail for both mailboxes, Submission from who logs in.
func (s *Servers) StartPostfix() {
	s.Helper()
	if os.Getuid() != 0 || program("postfix") == "" {
		lacking(s.T, "postfix is not installed, or this is not root: apt-get install postfix")
	}
	base := filepath.Join(s.dir, "postfix")
	for _, d := range []string{"etc", "queue", "data"} {
		s.must(os.MkdirAll(filepath.Join(base, d), 0o755))
	}
	owner, err := user.Lookup("postfix")
	s.must(err)
	uid, _ := strconv.Atoi(owner.Uid)
	s.must(os.Chown(filepath.Join(base, "data"), uid, -1))
	key, err := os.ReadFile(s.secret)
	s.must(err)
	s.must(os.WriteFile(filepath.Join(base, "key.pem"), key, 0o600))
	s.must(os.WriteFile(filepath.Join(base, "etc", "main.cf"), []byte(s.fill(postfixMain)), 0o644))
	s.must(os.WriteFile(filepath.Join(base, "etc", "master.cf"), []byte(s.fill(postfixMaster)), 0o644))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(s.Context()), time.Minute)
	defer cancel()
	if out, err := exec.CommandContext(ctx, program("postfix"), "-c", filepath.Join(base, "etc"), "start").CombinedOutput(); err != nil {
		log, _ := os.ReadFile(filepath.Join(base, "mail.log"))
		s.Fatalf("postfix: %v\n%s\n%s", err, out, log)
	}
	s.Cleanup(func() {
		_ = exec.Command(program("postfix"), "-c", filepath.Join(base, "etc"), "stop").Run()
	})
	s.answers(s.Submission, filepath.Join(base, "mail.log"))
	s.answers(s.SMTP, filepath.Join(base, "mail.log"))
}

// Inbox returns the mails that have been delivered to an address.
func (s *Servers) Inbox(address string) [][]byte {
	s.Helper()
	files, err := filepath.Glob(filepath.Join(s.dir, "mail", address, "new", "*"))
	s.must(err)
	var all [][]byte
	for _, name := range files {
		raw, err := os.ReadFile(name) //nolint:gosec // the servers' own files
		s.must(err)
		all = append(all, raw)
	}
	return all
}

func (s *Servers) until(what string, so func() bool) {
	s.Helper()
	for end := time.Now().Add(time.Minute); !so(); <-time.After(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("in vain: %s", what)
		}
	}
}
