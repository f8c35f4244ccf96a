// Package webchat is the bridge of the chat widget that a business puts on its own site. There is no provider: the bridge serves the visitor's
// browser itself, as a core.ServeLink.
//
// # What a page calls
//
// All addresses stand below /w, and name the channel by ?key=, its id. Pages load /bridge.js, which loads /panel.js when it is needed; /frame is the chat
// as a page. The interface is below /v1: GET /config, POST /session, POST /messages and /files (each with an Idempotency-Key: the same key is the same
// message), POST /typing, /read and /continue, GET /events as a stream and, where a proxy holds that back, GET /messages?after=.
//
// # What is kept where
//
// What a visitor writes is handed to core.Host.Emit and acknowledged after its commit. Besides, the bridge keeps two logs for each visitor with
// core.Host.Update, which are what a browser sees: "in", what the visitor wrote, and "out", what was sent to them. Each entry has the next number of
// its log, so a browser resumes with the two numbers that it has seen last and gets what follows, once. Sending is the appending to "out": it is a
// success when that is saved, and a repetition of the same key changes nothing. Several may write into a log at one instant, such as two tabs through
// two nodes: each change is made in the store to what is there at that moment, and none is lost.
//
// # Who a visitor is
//
// A token signed by the gateway, sent in the Authorization header only. An anonymous visitor's holds a random id; the site's own users prove
// themselves by a JWT or an HMAC of their id made by the site's server. What people type into the form before the chat proves nothing: it is shown to
// agents and never used to find a contact.
//
// A visitor may go on at another channel of the business. The link brings a code, handed over before it is told, by which the gateway makes who writes
// there and the visitor one contact.
package webchat
