package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"

	"causeway/bridges/simulator"
	"causeway/core"
)

// audit compares what was acknowledged with the store, the phones and the mailboxes.
type audit struct {
	*storm
	quiet    bool // nothing was under way any more: what is not there now never comes
	stored   map[string][]core.Message
	parts    map[string]core.Part // by the platform's id
	answers  map[int]int          // how often the platform's webhooks were answered so; 0: not at all
	lines    []auditLine
	troubles []string
}

// auditLine is a line of the table that an audit prints.
type auditLine struct {
	what                                       string
	acknowledged, there, unknown, held         int // unknown: visible as such; held: behind an unknown one that may still be cleared up
	lost, twice, disorder, repeated, deadOrBad int
}

func (l auditLine) bad() bool { return l.lost+l.twice+l.disorder+l.deadOrBad > 0 }

// newAudit reads the store.
func newAudit(ctx context.Context, s *storm, quiet bool) (*audit, error) {
	a := &audit{storm: s, quiet: quiet, stored: map[string][]core.Message{}, parts: map[string]core.Part{}, answers: map[int]int{}}
	for _, h := range s.sim.Webhooks() {
		for _, x := range h.Attempts {
			a.answers[x.Status]++
		}
		if !h.Done {
			continue
		}
		for _, token := range tokenForm.FindAllString(string(h.Body), -1) {
			s.ledger.acknowledge(token)
		}
	}
	for p := (core.Page{Limit: 200}); ; {
		contacts, err := s.repo().Contacts(ctx, p)
		if err != nil {
			return nil, err
		}
		for _, c := range contacts {
			if err := a.read(ctx, c.ID); err != nil {
				return nil, err
			}
		}
		if len(contacts) < p.Limit {
			return a, nil
		}
		p.Before = string(contacts[len(contacts)-1].ID)
	}
}

func (a *audit) read(ctx context.Context, id core.ContactID) error {
	conversations, err := a.repo().ConversationsOf(ctx, id)
	if err != nil {
		return err
	}
	for _, c := range conversations {
		for from := (core.Bookmark{}); ; {
			all, next, err := core.Timeline(ctx, a.repo(), c.ID, from, 200)
			if err != nil {
				return err
			}
			for _, m := range all {
				a.keep(m)
			}
			if from = next; from == (core.Bookmark{}) {
				break
			}
		}
	}
	return nil
}

func (a *audit) keep(m core.Message) {
	for _, token := range tokenForm.FindAllString(m.Content.Text, -1) {
		a.stored[token] = append(a.stored[token], m)
	}
	for _, p := range m.Parts {
		if p.Provider != "" {
			a.parts[p.Provider] = p
		}
	}
}

func (a *audit) note(format string, args ...any) {
	a.troubles = append(a.troubles, fmt.Sprintf(format, args...))
}

// check makes all the lines.
func (a *audit) check(ctx context.Context) error {
	a.incoming("webhooks: customers' messages", kindSaid, kindPicture)
	a.incoming("webhooks: the owner's phone", kindPhone)
	a.incoming("webhooks: flood", kindFlood)
	if err := a.files(ctx); err != nil {
		return err
	}
	for _, address := range []string{stormAgent, "omar@example.com"} {
		a.mailbox(address)
	}
	a.outgoing("agents' mails (SMTP 250)", kindMail)
	a.outgoing("API sends (201)", kindAPI)
	a.receipts()
	return a.rest(ctx)
}

// incoming compares webhooks with the store.
func (a *audit) incoming(what string, kinds ...kind) {
	l := auditLine{what: what}
	for _, token := range a.ledger.acknowledged(kinds...) {
		l.acknowledged++
		a.count(&l, token, len(a.stored[token]), "in the store")
	}
	if kinds[0] == kindSaid { // the others do not wait for each other
		l.disorder = a.inOrder(what, a.bySeq(kinds...), kinds...)
	}
	a.lines = append(a.lines, l)
}

// count enters how often something is there that must be there once.
func (a *audit) count(l *auditLine, token string, times int, where string) {
	switch {
	case times == 0:
		l.lost++
		a.note("lost: %s is not %s", token, where)
	case times > 1:
		l.twice++
		a.note("twice: %s is %d times %s", token, times, where)
	default:
		l.there++
	}
}

// bySeq lists the tokens of the kinds in the order of their conversations.
func (a *audit) bySeq(kinds ...kind) []string {
	all := a.ledger.acknowledged(kinds...)
	all = slices.DeleteFunc(all, func(token string) bool { return len(a.stored[token]) == 0 })
	slices.SortStableFunc(all, func(x, y string) int {
		m, n := a.stored[x][0], a.stored[y][0]
		return cmp.Or(cmp.Compare(m.Conversation, n.Conversation), cmp.Compare(m.Seq, n.Seq))
	})
	return all
}

func (a *audit) inOrder(what string, tokens []string, kinds ...kind) int {
	n, example := a.ledger.disorder(tokens, kinds...)
	if n > 0 {
		a.note("out of order, %d times: %s, as %s", n, what, example)
	}
	return n
}

// files looks whether the pictures were fetched and kept.
func (a *audit) files(ctx context.Context) error {
	l := auditLine{what: "pictures fetched and kept"}
	for _, token := range a.ledger.acknowledged(kindPicture) {
		l.acknowledged++
		if len(a.stored[token]) == 0 || a.stored[token][0].Content.Media == nil {
			l.lost++
			continue
		}
		f, err := a.repo().File(ctx, a.stored[token][0].Content.Media.ID)
		if err != nil {
			return err
		}
		r, err := a.blobs.Open(ctx, f.Blob)
		if f.State != core.FileHere || err != nil {
			l.lost++
			a.note("lost: the picture of %s is %s, %v", token, f.State, err)
			continue
		}
		_ = r.Close()
		l.there++
	}
	a.lines = append(a.lines, l)
	return nil
}

// mailbox compares what came in with an agent's mails.
func (a *audit) mailbox(address string) {
	l := auditLine{what: "mails to " + address}
	ids, order := map[string]map[string]int{}, []string{}
	for _, m := range a.room.Mailbox(address).Received() {
		for _, token := range ownTokens(m.Text) {
			if ids[token] == nil {
				ids[token] = map[string]int{}
				order = append(order, token)
			}
			ids[token][m.MessageID]++
		}
	}
	kinds := []kind{kindSaid, kindPicture, kindPhone, kindFlood}
	for _, token := range a.ledger.acknowledged(kinds...) {
		l.acknowledged++
		a.count(&l, token, len(ids[token]), "among the mails to "+address)
		for _, n := range ids[token] {
			l.repeated += n - 1
		}
	}
	l.disorder = a.inOrder(l.what, order, kindSaid, kindPicture)
	a.lines = append(a.lines, l)
}

// ownTokens are those in a mail that it does not merely quote.
func ownTokens(text string) []string {
	var all []string
	for line := range strings.SplitSeq(text, "\n") {
		if !strings.HasPrefix(line, ">") {
			all = append(all, tokenForm.FindAllString(line, -1)...)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// outgoing compares what agents and programs sent with the phones.
func (a *audit) outgoing(what string, k kind) {
	l := auditLine{what: what}
	shown := map[string]int{}
	for _, c := range a.customers {
		var order []string
		for _, m := range c.Received() {
			if theirs(m) {
				order = append(order, tokenForm.FindAllString(m.Text, -1)...)
			}
		}
		for _, token := range order {
			shown[token]++
		}
		l.disorder += a.inOrder(fmt.Sprintf("%s on the phone of customer %d", what, c.lane), order, k)
		l.disorder += a.asStored(order, k)
	}
	for _, token := range a.ledger.acknowledged(k) {
		l.acknowledged++
		a.sent(&l, token, shown[token])
	}
	a.lines = append(a.lines, l)
}

// asStored counts where a phone shows another order than the conversation has.
func (a *audit) asStored(order []string, k kind) int {
	n, last := 0, int64(0)
	for _, token := range order {
		if a.ledger.entry(token).kind != k || len(a.stored[token]) == 0 {
			continue
		}
		seq := a.stored[token][0].Seq
		if seq < last {
			n++
			a.note("out of order: %s is on the phone after a later message of its conversation", token)
		}
		last = max(last, seq)
	}
	return n
}

// sent judges one message that was taken to be sent.
func (a *audit) sent(l *auditLine, token string, shown int) {
	status := core.Status("")
	if len(a.stored[token]) > 0 {
		status = a.stored[token][0].Status
	}
	switch {
	case len(a.stored[token]) > 1:
		l.twice++
		a.note("twice: %s is %d times in the store", token, len(a.stored[token]))
	case shown > 0 && status == core.StatusUnknown:
		l.deadOrBad++
		a.note("not cleared up: %s is on the phone, but unknown in the store", token)
	case shown > 0:
		a.count(l, token, shown, "on the phone")
	case status == core.StatusUnknown && a.told(token):
		l.unknown++
	case status.Outstanding() && !a.quiet:
		l.held++
	default:
		a.count(l, token, 0, fmt.Sprintf("on the phone; in the store it is %q", status))
	}
}

// told reports whether the agent, who also follows what programs send, knows of an unknown outcome. Nobody does while news may come.
func (a *audit) told(token string) bool {
	if !a.quiet {
		return true
	}
	for _, m := range a.room.Mailbox(stormAgent).Received() {
		if strings.Contains(m.Text, token) {
			return true
		}
	}
	a.note("not told: the outcome of %s is unknown, and the agent has no mail about it", token)
	return false
}

// receipts compares the ticks on the phones with the store.
func (a *audit) receipts() {
	l := auditLine{what: "receipts: read"}
	for _, c := range a.customers {
		for _, m := range c.Received() {
			if !theirs(m) || m.Tick != simulator.Read {
				continue
			}
			l.acknowledged++
			p, known := a.parts[m.ID]
			switch {
			case !known:
				l.deadOrBad++
				a.note("not cleared up: no message of the store has the id of %q on a phone", m.Text)
			case p.Status != core.StatusRead:
				l.lost++
				a.note("lost: %q is read on the phone and %s in the store", m.Text, p.Status)
			default:
				l.there++
			}
		}
	}
	a.lines = append(a.lines, l)
}

// rest looks for what must not be there at all.
func (a *audit) rest(ctx context.Context) error {
	l := auditLine{what: "trouble of other kinds"}
	for _, key := range a.sim.ShownTwice() {
		l.twice++
		a.note("twice: the part %s was sent more than once", key)
	}
	for _, h := range a.sim.Refused() {
		l.deadOrBad++
		a.note("refused for good: a webhook, %s", head(h.Body))
	}
	dead, err := a.queue.Dead(ctx)
	if err != nil {
		return err
	}
	for _, j := range dead {
		l.deadOrBad++
		a.note("dead: the job %s of %s, after %d attempts: %s", j.Kind, j.Key, j.Attempts, j.Error)
	}
	letters, err := a.repo().DeadLetters(ctx, core.Page{Limit: 200})
	if err != nil {
		return err
	}
	for _, d := range letters {
		l.deadOrBad++
		a.note("dead letter: %s, %s", d.Kind, d.Reason)
	}
	for _, c := range a.ledger.complaints {
		l.deadOrBad++
		a.note("%s", c)
	}
	if strings.Contains(a.logTail(), "panic") {
		l.deadOrBad++
		a.note("panic: see the log, %s", a.logAt)
	}
	a.lines = append(a.lines, l)
	return nil
}

func head(b []byte) string { return string(b[:min(len(b), 300)]) }
