package whatsappdevice

import (
	"fmt"
	"strconv"
	"time"

	"causeway/core"

	"go.mau.fi/whatsmeow/types/events"
)

const (
	pairAgain    = "Pair the phone again: causeway channel pair NAME. Contacts, conversations and history stay."
	outdatedWait = 6 * time.Hour  // until a client that is too old tries again: WhatsApp has been wrong about that
	banWait      = 24 * time.Hour // of a ban without an end

	outdatedRemedy = "Update Causeway. If there is no update yet, set " + keyVersion + ": " + latest + " in the channel's settings: it appears as the newest WhatsApp Web then. Channels of the Cloud API go on meanwhile."
)

// ending is how a session is over. It is begun again at the time given; a zero time: not before the phone is paired anew, or the channel opened anew.
type ending struct {
	health core.Health
	again  time.Time
	gone   bool // the device is no longer linked
	err    error
}

// ended says whether an event is the end of the session, which whatsmeow does not begin again by itself.
func ended(evt any, now time.Time) (ending, bool) {
	switch e := evt.(type) {
	case *events.LoggedOut:
		return ending{health: loggedOut(e), gone: true}, true
	case *events.StreamReplaced:
		return ending{health: bad("replaced", "Another program uses the keys of this linked device, and WhatsApp serves that one.",
			"Find and stop the other program, perhaps a second gateway on a copy of the database; then take the place back: causeway channel take-back NAME. Or pair the phone anew.")}, true
	case *events.TemporaryBan:
		return banned(e, now), true
	case *events.ClientOutdated:
		return ending{again: now.Add(outdatedWait), health: bad("405", "WhatsApp no longer accepts this version of the linked device.",
			outdatedRemedy)}, true
	case *events.ConnectFailure:
		return ending{err: connectFailure(e)}, true
	}
	return ending{}, false
}

func bad(code, reason, remedy string) core.Health {
	return core.Health{Level: core.HealthBad, Code: code, Reason: reason, Remedy: remedy}
}

func warning(code, reason, remedy string) core.Health {
	return core.Health{Level: core.HealthWarning, Code: code, Reason: reason, Remedy: remedy}
}

func loggedOut(e *events.LoggedOut) core.Health {
	code := "logged-out-" + e.Reason.NumberString()
	switch e.Reason {
	case events.ConnectFailureMainDeviceGone:
		return bad(code, "WhatsApp has logged the phone itself out: it was exchanged, registered anew, or its account is locked.",
			"Open WhatsApp on the phone and do what it asks for. "+pairAgain)
	case events.ConnectFailureUnknownLogout:
		return bad(code, "WhatsApp has banned the account of this phone.", "Ask for a review in WhatsApp on the phone. When the ban is lifted, pair again: causeway channel pair NAME.")
	default:
		return bad(code, "The phone has unlinked this device. Connecting the number to the Cloud API unlinks all devices, too.", pairAgain)
	}
}

func banned(e *events.TemporaryBan, now time.Time) ending {
	why := map[events.TempBanReason]string{
		events.TempBanSentToTooManyPeople:    "too many messages went to people who do not have the number in their address book",
		events.TempBanBlockedByUsers:         "too many people blocked the number",
		events.TempBanCreatedTooManyGroups:   "too many groups were made with people who do not have the number in their address book",
		events.TempBanSentTooManySameMessage: "the same message went to too many people",
		events.TempBanBroadcastList:          "too much was sent to a broadcast list",
	}[e.Code]
	if why == "" {
		why = "it may have violated the terms of service"
	}
	wait := e.Expire
	if wait <= 0 {
		wait = banWait
	}
	until := now.Add(wait)
	return ending{again: until, health: bad("banned-"+strconv.Itoa(int(e.Code)), fmt.Sprintf("WhatsApp has banned the number until %s: %s.", moment(until), why),
		"Wait until then; Causeway connects again by itself. Do not send from other programs meanwhile, and lower the channel's budget.")}
}

// connectFailure is of a refusal that may pass.
func connectFailure(e *events.ConnectFailure) *core.SendError {
	return &core.SendError{Code: e.Reason.NumberString(), Outcome: core.Rejected, Effect: core.EffectRetry, Retry: 30 * time.Second,
		Reason: "WhatsApp refuses the connection of the linked device.", Remedy: "Wait some minutes. If it lasts, update Causeway.", Detail: e.Reason.String() + " " + e.Message}
}

func unpaired() core.Health {
	return bad("unpaired", "No phone is paired with this channel.", "Pair it: causeway channel pair NAME.")
}

func disconnected() core.Health {
	return warning("disconnected", "The linked device has no connection to WhatsApp; it goes on trying.", "If this lasts, see the gateway's network and WhatsApp's status page.")
}

func timelocked(until time.Time) ailment {
	when := "for some days"
	if !until.IsZero() {
		when = "until " + moment(until)
	}
	return ailment{until: until, health: warning("reachout-timelock", "WhatsApp lets linked devices of this number write to nobody new "+when+".",
		"Write first messages from the phone, or send a template over a Cloud API channel. Answers go on.")}
}

// phoneOffline is nil while the phone was seen lately.
func phoneOffline(seen, now time.Time) *ailment {
	const soon, urgent = 10, 12
	days := int(now.Sub(seen) / (24 * time.Hour))
	if seen.IsZero() || days < soon {
		return nil
	}
	code, remedy := "phone-offline-10", "Open WhatsApp on the phone, with a connection to the internet."
	if days >= urgent {
		code, remedy = "phone-offline-12", "Open WhatsApp on the phone today, with a connection to the internet."
	}
	return &ailment{health: warning(code, fmt.Sprintf("The phone was last seen %d days ago; after 14 days WhatsApp unlinks its devices.", max(soon, min(days, urgent))), remedy)}
}

// moment writes a time for people.
func moment(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }
