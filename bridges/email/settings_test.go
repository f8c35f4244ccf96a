package email

import (
	"errors"
	"testing"

	"causeway/bridges/email/mailbox"
	"causeway/core"
)

func TestSettings(t *testing.T) {
	for _, c := range []struct{ key, value, field string }{
		{keyAddress, "Biz <support@biz.example>", keyAddress}, {keyAddress, "support", keyAddress}, {keyIMAP, "https://imap.biz.example", keyIMAP},
		{keyIMAP, "imaps://user:pass@imap.biz.example", keyIMAP}, {keyIMAP, "imap://x?tls=perhaps", keyIMAP}, {keySMTP, "imap://x", keySMTP}, {keySMTP, "smtp://x/path", keySMTP},
		{keyFolders, "a,b,c,d,e,f,g,h,i", keyFolders}, {keyFolders, "a*", keyFolders}, {keyStart, "yesterday", keyStart}, {keyStart, "-1", keyStart},
		{keyPoll, "0", keyPoll}, {keyPoll, "soon", keyPoll}, {keyCA, "no certificate", keyCA}, {keyTokenURL, "http://elsewhere.example/token", keyTokenURL},
		{keyTokenURL, "https://login.example/token", keyClient}, {keyUser, "a\r\nb", keyUser},
	} {
		_, err := read(goodSettings("imap.biz.example", "smtp.biz.example", c.key, c.value))
		var p *core.Problem
		if !errors.As(err, &p) || p.Field != c.field || p.Remedy == "" {
			t.Errorf("%s=%q: got %v", c.key, c.value, err)
		}
	}
	without := goodSettings("imap.biz.example", "smtp.biz.example")
	delete(without.Secrets, keyPassword)
	if _, err := read(without); err == nil {
		t.Error("a channel without any login went through")
	}
}

func TestServers(t *testing.T) {
	for raw, want := range map[string]server{
		"imaps://m.example": {"m.example", "993", mailbox.Implicit}, "imap://m.example": {"m.example", "143", mailbox.StartTLS}, "imap://127.0.0.1:11143": {"127.0.0.1", "11143", mailbox.Plain},
		"imap://m.example:1?tls=none": {"m.example", "1", mailbox.Plain}, "imap://localhost?tls=starttls": {"localhost", "143", mailbox.StartTLS}, "imaps://[::1]:9": {"::1", "9", mailbox.Implicit},
	} {
		c, err := read(goodSettings("x", "y", keyIMAP, raw))
		if err != nil || c.imap != want {
			t.Errorf("%s: got %+v, %v", raw, c.imap, err)
		}
	}
}
