package inbound

import "causeway/core"

// unfit says why an event cannot be applied as it is, or "" if it can. Bridges are trusted to be honest, not to be right.
func unfit(e core.Event) string {
	switch {
	case e.Fault != "":
		return e.Fault
	case e.ID == "":
		return "the event has no id, so a repetition could not be told from news"
	case missing(e):
		return "the event says nothing of what happened"
	case e.Kind == core.EventMessage && e.At.IsZero():
		return "the message does not say when it was written"
	case e.Kind == core.EventMessage && e.Message.Provider == "":
		return "the message has no id at the provider"
	}
	return ""
}

// missing reports whether the body that the kind promises is not there.
func missing(e core.Event) bool {
	switch e.Kind {
	case core.EventMessage:
		return e.Message == nil
	case core.EventReceipt:
		return e.Receipt == nil
	case core.EventReaction:
		return e.Reaction == nil
	case core.EventEdit:
		return e.Edit == nil
	case core.EventRevoke:
		return e.Revoke == nil
	case core.EventIdentity:
		return e.Identity == nil
	case core.EventPreference:
		return e.Preference == nil
	case core.EventTemplate:
		return e.Template == nil
	case core.EventAccount:
		return e.Change == nil
	case core.EventEntry:
		return e.Entry == nil
	case core.EventContinue:
		return e.Continue == nil
	default:
		return false
	}
}

// foreign reports whether an event is for another account than the channel's.
func foreign(ch core.Channel, e core.Event) bool {
	return e.Account != "" && ch.Account != "" && e.Account != ch.Account
}
