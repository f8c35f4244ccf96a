package email

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/mail"
	"regexp"
	"slices"
	"strings"

	"causeway/core"
)

// thread is what an answer to a contact needs to stand under their last mail. It is kept by the host, one for each contact.
type thread struct {
	Subject    string   `json:"subject"`
	Last       string   `json:"last"`       // the mail to answer
	References []string `json:"references"` // what that mail refers to
	To         string   `json:"to,omitempty"`
	Index      string   `json:"index,omitempty"` // the last mail's Thread-Index
}

const mostReferences = 20

// reply begins the subject of an answer, in the words of mail programs.
var reply = regexp.MustCompile(`(?i)^(?:re|aw|sv|vs|antw|odp|ynt|rif|res|rép|ref|atb|απ|رد|回复|回覆|答复|返信)(?:\[\d+\]|\(\d+\))?\s*[:：]\s*`)

func isReply(subject string) bool { return reply.MatchString(strings.TrimSpace(subject)) }

// bare is a subject without the words that answering puts before it.
func bare(subject string) string {
	subject = oneLine(subject)
	for range 10 {
		cut := reply.ReplaceAllString(subject, "")
		if cut == subject || strings.TrimSpace(cut) == "" {
			break
		}
		subject = strings.TrimSpace(cut)
	}
	return subject
}

func threadOf(m Letter, answerTo string) thread {
	refs := m.References
	if len(refs) == 0 {
		refs = m.InReplyTo
	}
	return thread{Subject: clip(bare(m.Subject), 500), Last: plainID(m.MessageID), References: few(refs), To: answerTo, Index: strings.Join(strings.Fields(m.first("Thread-Index")), "")}
}

// few keeps the first id, which the thread begins with, and the last ones.
func few(ids []string) []string {
	var all []string
	for _, id := range ids {
		if id = plainID(id); id != "" && !slices.Contains(all, id) {
			all = append(all, id)
		}
	}
	if len(all) > mostReferences {
		all = append(all[:1:1], all[len(all)-mostReferences+1:]...)
	}
	return all
}

// plainID returns an id that can stand in a header, else "".
func plainID(id string) string {
	id = strings.Trim(id, "<> ")
	if len(id) > 400 || !ascii(id) || strings.ContainsAny(id, "<>") {
		return ""
	}
	return id
}

// replyTo returns where a mail wants answers, without what cannot be written to.
func replyTo(m Letter) []Address {
	var all []Address
	for _, v := range m.Header["Reply-To"] {
		list, err := mail.ParseAddressList(v)
		if err != nil {
			continue
		}
		for _, a := range list {
			if address, ok := plainAddress(a.Address); ok {
				all = append(all, Address{Name: a.Name, Address: strings.ToLower(address)})
			}
		}
	}
	return all
}

func threadKey(address string) string {
	sum := sha256.Sum256([]byte(strings.ToLower(address)))
	return "thread/" + hex.EncodeToString(sum[:16])
}

// Remembers implements core.RememberingBridge.
func (Bridge) Remembers(k core.IdentityKey) []string {
	if k.Scheme != core.SchemeEmail {
		return nil
	}
	return []string{threadKey(k.Value)}
}

// RemembersFile implements core.RememberingBridge: files lie in the mailbox.
func (Bridge) RemembersFile(core.Media) []string { return nil }

// keepThread remembers what to answer a contact.
func (l *link) keepThread(ctx context.Context, address string, t thread) error {
	raw, err := json.Marshal(t)
	if err != nil {
		return err
	}
	return l.host.Save(ctx, threadKey(address), raw)
}

// thread returns what to answer a contact, a zero thread if they never wrote.
func (l *link) thread(ctx context.Context, address string) (thread, error) {
	var t thread
	raw, err := l.host.Load(ctx, threadKey(address))
	if err != nil || len(raw) == 0 {
		return t, err
	}
	_ = json.Unmarshal(raw, &t) // one that cannot be read is no thread
	return t, nil
}

// answer turns to the mail that is quoted, if it is another than the last.
func (t thread) answer(q *core.Quote) thread {
	if q == nil {
		return t
	}
	id, _, _ := strings.Cut(q.Provider, "#")
	if id = plainID(id); id == "" || id == t.Last {
		return t
	}
	if i := slices.Index(t.References, id); i >= 0 {
		t.References = t.References[:i]
	} else {
		t.References = few(append(slices.Clone(t.References), t.Last))
	}
	t.Last = id
	return t
}
