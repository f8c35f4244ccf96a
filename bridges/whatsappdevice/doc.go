// Package whatsappdevice is WhatsApp through a linked device: the gateway joins a phone's account as WhatsApp Web does, by whatsmeow.
//
// What comes in is acknowledged to WhatsApp only after it is stored. Where storing fails the handler says so, the connection is made anew, and WhatsApp
// hands out again what nobody acknowledged; a repetition is known by its id. The ids of what goes out are made from the parts' own, so that a part that
// is sent again after a crash is the same message to WhatsApp.
//
// The client is not WhatsApp's own. It answers and does not begin conversations, unless an admin allows that, and it keeps to a budget. What ends it for
// good (the phone removed it, another program uses its keys, a ban, a client too old) is told in the channel's health and not fought.
package whatsappdevice
