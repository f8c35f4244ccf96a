// Package mailroom stands in for a mail relay and for the agents' mailboxes and mail programs behind it.
//
// A Room takes mail for every address over real SMTP and keeps it in memory; a Mailbox answers as mail
// programs do, over real SMTP too. It can refuse on demand, and each refusal is one that relays give. What
// it accepted it keeps until Close, so it fits tests and demos only.
package mailroom
