package twilio

import (
	"strconv"
	"time"

	"causeway/bridges/sms"
	"causeway/core"
)

// statuses turns a callback into a receipt, and into what else its error teaches.
func (l *link) statuses(f fields, id, status, part string) []core.Event {
	next, known := ladder[status]
	if !known {
		return []core.Event{l.other(f, sms.ShortID(id+":"+status))}
	}
	e := core.Event{Kind: core.EventReceipt, ID: id + ":" + status, Key: part, Account: l.account(f), At: l.host.Now(), Origin: core.OriginProvider,
		Receipt: &core.ReceiptBody{Provider: id, Status: next}}
	if peer, ok := l.identity(f["To"]); ok {
		e.Peer.Identities = []core.IdentityKey{peer}
	}
	if next != core.StatusFailed {
		return []core.Event{e}
	}
	code, _ := strconv.Atoi(f["ErrorCode"])
	e.Receipt.Error = sendError(code, f.get("ErrorMessage", "ChannelStatusMessage"))
	return append([]core.Event{e}, l.taught(e)...)
}

// ladder maps Twilio's words; those that say less than our own answer to the send are left out, and kept as they are.
var ladder = map[string]core.Status{
	"sent": core.StatusSent, "delivered": core.StatusDelivered, "read": core.StatusRead,
	"undelivered": core.StatusFailed, "failed": core.StatusFailed, "canceled": core.StatusFailed,
}

// taught is what a failure says beyond its message: about the contact, or about the channel.
func (l *link) taught(e core.Event) []core.Event {
	err := e.Receipt.Error
	switch {
	case silencing(err.Code) && len(e.Peer.Identities) > 0:
		return []core.Event{sms.Prefer(e, true, err.Reason, "")}
	case alarming(err.Code):
		// One alarm a day: the same trouble befalls every message.
		return []core.Event{{Kind: core.EventAccount, ID: "alarm:" + err.Code + ":" + e.At.UTC().Format(time.DateOnly), Account: e.Account, At: e.At, Origin: core.OriginProvider,
			Change: &core.AccountBody{Name: "error " + err.Code, Detail: err.Reason,
				Health: &core.Health{Level: core.HealthWarning, Code: err.Code, Reason: err.Reason, Remedy: err.Remedy}}}}
	}
	return nil
}
