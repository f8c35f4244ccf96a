package storetest

import (
	"fmt"
	"sync/atomic"
	"time"

	"causeway/core"
)

func notices(w *world) {
	conv := w.talk()
	m := w.add(w.message(conv, "x", ""))
	var all []core.Notice
	for i := range 3 {
		n := core.Notice{ID: core.NewID[core.NoticeID](), Conversation: conv.ID, Agent: w.agent.ID, Kind: core.NoticeMessage, Key: fmt.Sprint("k", i), Message: m.ID,
			Album: 2 * i, Text: "t", State: core.NoticeWaiting, Created: noon.UTC()}
		if won, err := w.repo.AddNotice(w.Context(), n); err != nil || !won {
			w.Fatalf("won %v, %v", won, err)
		}
		all = append(all, n)
	}
	again := all[0]
	again.ID = "other"
	if won, err := w.repo.AddNotice(w.Context(), again); err != nil || won {
		w.Errorf("the same key: won %v, %v", won, err)
	}
	for i := range all {
		got, err := w.repo.NextNotice(w.Context(), conv.ID)
		same(w, "NextNotice", got, all[i], err)
		n := &all[i]
		n.State, n.MessageID, n.Body, n.Sent, n.Attempts, n.Error = core.NoticeSent, "id@x", "body", noon.Add(time.Duration(i)*time.Minute).UTC(), 1, "e"
		if i == 1 {
			n.State = core.NoticeDropped
		}
		change := *n
		change.Text, change.Key, change.Kind = "changed", "changed", core.NoticeAlert
		w.must(w.repo.SetNotice(w.Context(), change))
	}
	_, err := w.repo.NextNotice(w.Context(), conv.ID)
	missing(w, "NextNotice", err)
	got, err := w.repo.NoticesTo(w.Context(), conv.ID, w.agent.ID, 9)
	same(w, "NoticesTo", got, []core.Notice{all[2], all[0]}, err)
	got, err = w.repo.NoticesTo(w.Context(), conv.ID, w.agent.ID, 1)
	same(w, "NoticesTo, one", got, []core.Notice{all[2]}, err)
	missing(w, "SetNotice", w.repo.SetNotice(w.Context(), core.Notice{ID: "none"}))
	alert := core.Notice{ID: "alert", Agent: w.agent.ID, Kind: core.NoticeAlert, Key: "alert", State: core.NoticeWaiting, Created: noon.UTC()}
	if won, err := w.repo.AddNotice(w.Context(), alert); err != nil || !won {
		w.Errorf("a notice of no conversation: %v, %v", won, err)
	}
	_, err = w.repo.NextNotice(w.Context(), "", alert.Agent)
	missing(w, "NextNotice to another agent than the one held", err)
	one, err := w.repo.NextNotice(w.Context(), "")
	same(w, "NextNotice of no conversation", one, alert, err)
}

func noticeRace(w *world) {
	conv := w.talk()
	var winners atomic.Int32
	each(50, func(int) {
		n := core.Notice{ID: core.NewID[core.NoticeID](), Conversation: conv.ID, Agent: w.agent.ID, Key: "same", State: core.NoticeWaiting}
		won, err := w.repo.AddNotice(w.Context(), n)
		if err != nil {
			w.Error(err)
		}
		if won {
			winners.Add(1)
		}
	})
	if winners.Load() != 1 {
		w.Errorf("%d winners", winners.Load())
	}
}

func mails(w *world) {
	conv := w.talk()
	m := core.Mail{ID: "m1", Key: "sha", Agent: w.agent.ID, Conversation: conv.ID, From: "ana@x", To: "r+tok@y", Remote: "192.0.2.1", Blob: "mail/m1",
		Trusted: true, State: core.MailNew, Received: noon.UTC()}
	if won, err := w.repo.AddMail(w.Context(), m); err != nil || !won {
		w.Fatalf("won %v, %v", won, err)
	}
	again := m
	again.ID = "m2"
	if won, err := w.repo.AddMail(w.Context(), again); err != nil || won {
		w.Errorf("the same key: won %v, %v", won, err)
	}
	later := m
	later.ID, later.Key, later.Received = "m4", "sha4", noon.Add(time.Hour).UTC()
	if won, err := w.repo.AddMail(w.Context(), later); err != nil || !won {
		w.Fatalf("won %v, %v", won, err)
	}
	next, err := w.repo.NextMail(w.Context(), conv.ID)
	same(w, "NextMail", next, m, err)
	fresh, err := w.repo.MailsIn(w.Context(), core.MailNew, 9)
	same(w, "MailsIn", fresh, []core.Mail{m, later}, err)
	fresh, err = w.repo.MailsIn(w.Context(), core.MailNew, 1)
	same(w, "MailsIn, one", fresh, []core.Mail{m}, err)
	m.State, m.Reason, m.Message, m.Trusted = core.MailSent, "r", w.add(w.message(conv, "x", "")).ID, true
	w.must(w.repo.SetMail(w.Context(), m))
	got, err := w.repo.Mail(w.Context(), "m1")
	same(w, "Mail", got, m, err)
	next, err = w.repo.NextMail(w.Context(), conv.ID)
	same(w, "NextMail after the first", next, later, err)
	ended, err := w.repo.MailsIn(w.Context(), core.MailSent, 9)
	same(w, "MailsIn sent", ended, []core.Mail{m}, err)
	later.State = core.MailIgnored
	w.must(w.repo.SetMail(w.Context(), later))
	_, err = w.repo.NextMail(w.Context(), conv.ID)
	missing(w, "NextMail", err)
	_, err = w.repo.Mail(w.Context(), "m2")
	missing(w, "Mail", err)
	missing(w, "SetMail", w.repo.SetMail(w.Context(), core.Mail{ID: "none"}))
	stranger := core.Mail{ID: "m3", Key: "sha3", From: "who@x", State: core.MailQuarantined, Received: noon.UTC()}
	if won, err := w.repo.AddMail(w.Context(), stranger); err != nil || !won {
		w.Errorf("a stranger's: %v, %v", won, err)
	}
	got, err = w.repo.Mail(w.Context(), "m3")
	same(w, "a stranger's", got, stranger, err)
}

// precision stores times of every kind and reads them back to the microsecond, in UTC.
func precision(w *world) {
	for _, at := range []time.Time{
		noon, noon.UTC(), time.Date(2026, 10, 25, 2, 30, 0, 1000, time.FixedZone("", 2*3600)), time.Date(1969, 12, 31, 23, 59, 59, 999999000, time.UTC),
		time.Unix(0, 0), time.Unix(0, 1000), time.Date(9999, 12, 31, 23, 59, 59, 999999000, time.UTC), time.Date(1000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.UnixMilli(1 << 50), {},
	} {
		c := core.Contact{ID: core.NewID[core.ContactID](), Created: at}
		w.must(w.repo.AddContact(w.Context(), c))
		got, err := w.repo.Contact(w.Context(), c.ID)
		want := at.UTC()
		if at.IsZero() {
			want = time.Time{}
		}
		same(w, at.String(), got.Created, want, err)
	}
	finer := core.Contact{ID: "finer", Created: time.Date(2026, 1, 1, 0, 0, 0, 123456789, time.UTC)}
	w.must(w.repo.AddContact(w.Context(), finer))
	got, err := w.repo.Contact(w.Context(), "finer")
	same(w, "finer than a microsecond", got.Created, finer.Created.Truncate(time.Microsecond), err)
}
