// Package ginapi is Causeway's HTTP face: the webhooks that providers call, the signed links to files, the API v1 and, on a listener of its
// own, what operators and monitors ask.
//
// A webhook is answered 2xx only after its events are committed. What fails on the way tells the provider to come again: 503 with
// Retry-After while the store cannot take it or too many calls are at work, 500 for anything unforeseen. A wrong signature gets an empty 401,
// an unknown channel an empty 404, a body over the limit an empty 413; none of them says more. A body that is authentic but cannot be read
// is kept as a dead letter and answered 200, because sending it again would not mend it.
//
// The API answers errors as RFC 9457 problem documents, all made by one function. What is not a *core.Problem or one of the store's known
// errors becomes a 500 that shows nothing but an incident number; the log has the rest under that number.
//
// The channel log is written behind the answers, by one goroutine, in batches. When it cannot keep up, entries are dropped and counted:
// the log explains what happened, it holds nothing that must not be lost.
package ginapi
