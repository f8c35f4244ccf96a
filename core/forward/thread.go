package forward

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"strings"

	"causeway/core"

	"github.com/google/uuid"
)

const (
	subjectName = 60 // runes of a contact's name in the subject
	mostRefs    = 10 // ids of earlier mails in References, beside the first
)

// subject is that of all mails of a conversation, whatever its contact is called later: mail programs tell threads by it.
func (f *Forwarder) subject(ctx context.Context, repo core.Repo, conv core.Conversation, name, title string) (string, error) {
	if conv.Subject != "" {
		return conv.Subject, nil
	}
	kept, err := repo.Value(ctx, owner(conv.ID), "subject")
	if err != nil {
		return "", fmt.Errorf("subject of conversation: %w", err)
	}
	if len(kept) > 0 {
		return string(kept), nil
	}
	// One that begins with "#" would be a command in the answers of mail programs that put nothing before it.
	subject := strings.TrimLeft(straight(fmt.Sprintf("%s (%s) #%d", clean(name, subjectName), title, conv.Number)), "# ")
	if err := repo.SetValue(ctx, owner(conv.ID), "subject", []byte(subject)); err != nil {
		return "", fmt.Errorf("keep subject: %w", err)
	}
	return subject, nil
}

// root is the id that all mails of a conversation refer to first. No mail has it; it is what joins them where an agent gets only some.
func (f *Forwarder) root(id core.ConversationID) string { return string(id) + "@" + f.Domain }

// thread sets the fields by which mail programs put mails together.
func (f *Forwarder) thread(l *Letter, conv core.Conversation, n core.Notice, before []core.Notice, answers string) {
	l.References = []string{f.root(conv.ID)}
	for i := min(len(before), mostRefs) - 1; i >= 0; i-- {
		if before[i].MessageID != "" {
			l.References = append(l.References, before[i].MessageID)
		}
	}
	if answers != "" {
		l.References = append(l.References, answers)
	}
	l.InReplyTo = l.References[len(l.References)-1]
	l.ThreadTopic = l.Subject
	l.ThreadIndex = threadIndex(conv, n)
}

// threadIndex is what Outlook puts mails together by.
func threadIndex(conv core.Conversation, n core.Notice) string {
	id, err := uuid.Parse(string(conv.ID))
	if err != nil {
		sum := sha256.Sum256([]byte(conv.ID))
		copy(id[:], sum[:])
	}
	sum := sha256.Sum256([]byte(n.ID))
	return base64.StdEncoding.EncodeToString(core.ThreadIndexAnswer(core.ThreadIndex(conv.Opened, id), n.Created, sum[0]))
}
