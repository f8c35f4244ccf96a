// Package simulator stands in for the outside world: Meta's WhatsApp platform with the phones of the
// customers behind it. Its subpackage mailroom is the mail relay with the agents' mailboxes, and stage
// puts both on web pages for people and on a small JSON interface for scripts.
//
// It shares no code with the bridge that it tests, so that a misreading of the protocol cannot hide in
// both. Its answers have the shapes of Meta's published OpenAPI description; a test holds them against it.
//
// The world lives in memory and ends with Close. Everything is safe for concurrent use. The simulator
// keeps every call and every message until then, so it fits a demo, a test or a benchmark of some
// hundred thousand messages, not a service.
//
// Two clocks are at work: Options.Now dates messages and decides reply windows and may jump; the waits
// between retries, receipts and faults are real time.
package simulator
