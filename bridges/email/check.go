package email

import (
	"context"
	"errors"
	"fmt"

	"github.com/emersion/go-smtp"

	"causeway/bridges/email/mailbox"
	"causeway/core"
)

// Check implements core.Link: it logs in at both servers, looks for the folders and sends nothing.
func (l *link) Check(ctx context.Context) []core.Finding {
	return append(l.checkMailbox(ctx), l.checkRelay(ctx)...)
}

func (l *link) checkMailbox(ctx context.Context) []core.Finding {
	box, err := l.open(ctx)
	if err != nil {
		h, _ := trouble(err, "")
		return []core.Finding{finding("IMAP server", h)}
	}
	defer box.Logout(ctx)
	all := []core.Finding{{Subject: "IMAP server", Level: core.HealthGood, Detail: "It lets us in."}}
	if l.conf.imap.mode == mailbox.Plain && !core.Loopback(l.conf.imap.host) {
		all = append(all, core.Finding{Subject: "IMAP server", Level: core.HealthWarning, Detail: "The password and all mail go over the network unencrypted.",
			Remedy: "Write the server's address with imaps://."})
	}
	if !box.Pushes() {
		all = append(all, core.Finding{Subject: "IMAP server", Level: core.HealthWarning, Detail: fmt.Sprintf("It does not tell of new mail (no IDLE); it is asked every %s.", l.conf.poll),
			Remedy: "Lower the seconds between two looks if that is too slow."})
	}
	for _, folder := range l.conf.folders {
		all = append(all, checkFolder(ctx, box, folder))
	}
	return all
}

func checkFolder(ctx context.Context, box *mailbox.Box, folder string) core.Finding {
	f, err := box.Examine(ctx, folder)
	if err == nil {
		return core.Finding{Subject: "folder " + folder, Level: core.HealthGood, Detail: fmt.Sprintf("%d mails.", f.Mails)}
	}
	h, _ := trouble(err, folder)
	out := finding("folder "+folder, h)
	if names, err := box.Folders(ctx); err == nil && len(names) > 0 {
		out.Level = core.HealthBad
		out.Remedy = clip(fmt.Sprintf("Correct the folders in the channel's settings. There are: %q.", names), 500)
	}
	return out
}

func finding(subject string, h core.Health) core.Finding {
	return core.Finding{Subject: subject, Level: h.Level, Detail: h.Reason, Remedy: h.Remedy}
}

// checkRelay goes as far as naming the sender, which the server judges too.
func (l *link) checkRelay(ctx context.Context) []core.Finding {
	r, stop, err := l.dialRelay(ctx)
	if err == nil {
		defer stop()
		defer r.quit()
		if err = r.client.Mail(l.conf.address, nil); err != nil {
			err = &mailbox.StageError{Stage: stageSender, Err: err}
		}
	}
	if err == nil {
		_ = r.client.Reset()
		all := []core.Finding{{Subject: "SMTP server", Level: core.HealthGood, Detail: "It lets us in and takes mail from " + l.conf.address + "."}}
		if l.conf.smtp.mode == mailbox.Plain && !core.Loopback(l.conf.smtp.host) {
			all = append(all, core.Finding{Subject: "SMTP server", Level: core.HealthWarning, Detail: "The password and all mail go over the network unencrypted.",
				Remedy: "Write the server's address with smtps://."})
		}
		return all
	}
	e := failed(err)
	level := core.HealthWarning
	var no *smtp.SMTPError
	if e.Effect == core.EffectPark || errors.As(err, &no) && no.Code >= 500 {
		level = core.HealthBad
	}
	return []core.Finding{{Subject: "SMTP server", Level: level, Detail: e.Reason, Remedy: e.Remedy}}
}
