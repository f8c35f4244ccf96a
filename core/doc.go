// Package core is Causeway's domain. It does no I/O of its own and imports nothing of ours.
//
// A [Contact] is a person, known by identities ([Identity]). What is said with them from open to close is a [Conversation] of messages ([Message]), each cut
// into the parts ([Part]) that a channel ([Channel]) can carry. What a provider reports is an [Event]; whether something may be sent is for [Decide] to say,
// by the channel's [Capabilities] and its reply [Window].
//
// The rest of the program is reached through ports: [Bridge] and [Link] for a provider's protocol, with [Host] as what a link gets; [Store], [Tx] and
// [Repo] for the database; [Queue] for durable jobs; [Blobs] for files; [Vault] for secrets.
//
// Errors for people are a [Problem], with a code, a sentence and a remedy; what became of a send that did not succeed is a [SendError]. Any other error is
// for the log.
//
// The verbs of the domain live in the subpackages, which do not know each other: inbound takes events in, outbound sends, session keeps channels open,
// forward joins conversations to agents' mailboxes, and workflow, assign, care, greet, broadcast, webhook and report do what their names say.
package core
