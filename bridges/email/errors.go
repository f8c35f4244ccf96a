package email

import (
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/emersion/go-smtp"

	"causeway/bridges/email/mailbox"
	"causeway/core"
)

const (
	unclear   = "The mail server's answer did not arrive; the mail may or may not have been sent."
	lookThere = "Look into the folder of sent mail, or ask the customer, before sending it again."
	askHoster = "Look the server's words up in the channel log, or ask your mail provider."
)

// failed maps the error of handing a mail in.
func failed(err error) *core.SendError {
	var s *mailbox.StageError
	var known *core.SendError
	switch {
	case errors.As(err, &known):
		return known
	case !errors.As(err, &s):
		return &core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry, Reason: "The mail could not be prepared.", Detail: err.Error()}
	}
	var no *smtp.SMTPError
	if errors.As(err, &no) {
		return refused(s.Stage, no)
	}
	e := &core.SendError{Outcome: core.Rejected, Effect: core.EffectRetry, Detail: err.Error()}
	e.Reason, e.Remedy, e.Effect = trait(s, "SMTP server")
	if s.Stage == stageAnswer {
		e.Outcome, e.Effect, e.Reason, e.Remedy = core.Unknown, core.EffectFail, unclear, lookThere
	}
	return e
}

// refused maps a server's no.
func refused(at mailbox.Stage, no *smtp.SMTPError) *core.SendError {
	e := &core.SendError{Code: strconv.Itoa(no.Code), Outcome: core.Rejected, Effect: core.EffectFail, Detail: no.Error(), Remedy: askHoster}
	if no.EnhancedCode != (smtp.EnhancedCode{}) && no.EnhancedCode != smtp.NoEnhancedCode && no.EnhancedCode[0] > 0 {
		e.Code = fmt.Sprintf("%d.%d.%d", no.EnhancedCode[0], no.EnhancedCode[1], no.EnhancedCode[2])
	}
	switch {
	case no.Code == 421:
		e.Effect, e.Reason = core.EffectSlow, "The mail server asks us to come back later."
		e.Retry = time.Minute
	case no.Code < 500 && at == mailbox.StageLogin:
		e.Effect, e.Retry, e.Reason = core.EffectSlow, time.Minute, "The mail server cannot check the login at the moment."
	case no.Code < 500 && at == stageReceive:
		e.Effect, e.Retry, e.Reason = core.EffectRetry, 5*time.Minute, "The mail server does not take mail for this address at the moment."
	case no.Code < 500:
		e.Effect, e.Retry, e.Reason = core.EffectRetry, time.Minute, "The mail server does not take the mail at the moment."
	case at == mailbox.StageLogin || no.Code == 530 || no.Code == 534 || no.Code == 535 || no.Code == 538:
		e.Effect, e.Reason, e.Remedy = core.EffectPark, "The mail server refused the login.", "Correct user and password of the channel, or log in anew where OAuth is used."
	case at == mailbox.StageConnect || at == mailbox.StageEncrypt:
		e.Effect, e.Reason = core.EffectPark, "The mail server does not want to talk to us."
	case no.EnhancedCode == smtp.EnhancedCode{5, 4, 5} || no.EnhancedCode == smtp.EnhancedCode{5, 1, 90}: // Google's words, and Microsoft's
		e.Effect, e.Retry, e.Reason = core.EffectSlow, time.Hour, "The mailbox has sent as many mails as its provider allows in a day."
		e.Remedy = "Wait until tomorrow, or hand mails to a relay that takes more."
	case no.EnhancedCode == smtp.EnhancedCode{5, 2, 2}:
		e.Reason, e.Remedy = "The recipient's mailbox is full.", "Try again in a few days, or reach the contact another way."
	case no.Code == 552 || no.EnhancedCode == smtp.EnhancedCode{5, 3, 4} || no.EnhancedCode == smtp.EnhancedCode{5, 2, 3}:
		e.Reason, e.Remedy = "The mail is larger than the mail server takes.", "Send the file smaller, or as a link."
	case at == stageSender || no.EnhancedCode == smtp.EnhancedCode{5, 7, 60} || no.EnhancedCode == smtp.EnhancedCode{5, 2, 252}: // Microsoft looks at the sender last
		e.Effect, e.Reason, e.Remedy = core.EffectPark, "The mail server does not let this login send from the channel's address.", "Use the mailbox that the address belongs to, or have your mail provider allow it."
	case at == stageReceive:
		e.Reason, e.Remedy = "The mail server does not take mail for this address.", "Check the address, or reach the contact another way."
	case no.EnhancedCode[0] == 5 && no.EnhancedCode[1] == 7:
		e.Reason, e.Remedy = "The mail server takes the mail for unwanted or forbidden.", askHoster
	default:
		e.Reason = "The mail server refused the mail."
	}
	return e
}

// trait words what went wrong without a server's no.
func trait(s *mailbox.StageError, what string) (reason, remedy string, effect core.Effect) {
	var dns *net.DNSError
	var token *tokenError
	var guarded *core.Problem
	switch {
	case s.Stage == mailbox.StageConnect && errors.As(s.Err, &guarded):
		return "The " + what + " may not be called. " + guarded.Detail, guarded.Remedy, core.EffectPark
	case errors.As(s.Err, &dns) && dns.IsNotFound:
		return "The " + what + " is not known by that name.", "Correct the server's name in the channel's settings.", core.EffectRetry
	case s.Stage == mailbox.StageConnect:
		return "The " + what + " cannot be reached.", "Check name and port in the settings, and the network, if this lasts.", core.EffectRetry
	case errors.Is(s.Err, mailbox.ErrNoTLS):
		return "The " + what + " does not offer encryption by STARTTLS.", "Write the address with an s (" + "imaps://, smtps://), or ask your mail provider for the right one.", core.EffectPark
	case badCertificate(s.Err):
		return "The " + what + "'s certificate is not valid for that name.", "Correct the server's name, or give the certificate authority in the settings.", core.EffectPark
	case s.Stage == mailbox.StageEncrypt:
		return "The encrypted connection to the " + what + " failed.", "Check the port: 993 and 465 are encrypted from the start, 143 and 587 by STARTTLS.", core.EffectRetry
	case errors.Is(s.Err, mailbox.ErrNoLogin):
		return "The " + what + " offers no login that fits the settings.", "Use OAuth where the provider no longer takes passwords, and the other way round.", core.EffectPark
	case errors.As(s.Err, &token) && token.gone:
		return "The provider no longer accepts the OAuth log-in.", "Log in anew and put the new refresh token into the channel.", core.EffectPark
	case errors.As(s.Err, &token):
		return "No access token could be had from the provider.", "Check the OAuth settings if this lasts.", core.EffectRetry
	}
	return "The connection to the " + what + " broke.", "Check the network if this lasts.", core.EffectRetry
}

// trouble words for people why a folder is not read; false where it is our own trouble, which is told elsewhere.
func trouble(err error, folder string) (core.Health, bool) {
	var s *mailbox.StageError
	var no *mailbox.Refusal
	staged, answered := errors.As(err, &s), errors.As(err, &no)
	if !staged && !answered {
		var broken net.Error
		known := errors.As(err, &broken) || errors.Is(err, net.ErrClosed) || errors.Is(err, errWithheld)
		return core.Health{Level: core.HealthWarning, Code: codeIMAP, Reason: "The connection to the mailbox breaks again and again.", Remedy: "Check the network if this lasts."}, known
	}
	h := core.Health{Level: core.HealthWarning, Code: codeIMAP}
	switch {
	case s != nil && s.Stage == mailbox.StageFolder && no != nil:
		h.Code, h.Reason, h.Remedy = codeFolder, "The mailbox has no folder "+strconv.Quote(folder)+" that can be opened.", "Correct the folders in the channel's settings."
	case refusedLogin(err):
		h.Level, h.Code, h.Reason, h.Remedy = core.HealthBad, codeLogin, "The IMAP server refuses the login, so no mail is read.", "Correct user and password of the channel, or log in anew where OAuth is used."
	case no != nil:
		h.Reason, h.Remedy = "The IMAP server refuses to work: "+clip(oneLine(no.Text), 200), askHoster
	case s != nil:
		var effect core.Effect
		h.Reason, h.Remedy, effect = trait(s, "IMAP server")
		if effect == core.EffectPark {
			h.Level = core.HealthBad
		}
	}
	return h, true
}
