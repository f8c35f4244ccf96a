// Package twilio is the bridge for text messages over Twilio, and over those who copied its interface (SignalWire and other servers of TwiML): a
// number, a short code, a name, a messaging service, or one of Twilio's WhatsApp senders. SMS has no reply window; a WhatsApp sender has
// WhatsApp's.
//
// Twilio fetches the files we send, so they are served from the channel's own webhook address by signed links. A callback for a status carries
// our key in its address: what happened to a message whose answer was lost is still learned.
package twilio
