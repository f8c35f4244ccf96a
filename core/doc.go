// Package core is Causeway's domain: contacts, conversations, messages, reply windows, the send gate, and the ports through which the
// rest of the program reaches the world (Bridge for a provider's protocol, Store for the database, Queue for durable jobs, Blobs for files).
//
// It does no I/O of its own and imports nothing of ours. The verbs of the domain live in its subpackages: inbound takes events in, outbound
// sends, forward joins conversations to agents' mailboxes.
package core
