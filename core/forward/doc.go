// Package forward joins conversations to agents' mailboxes: it mails to agents what a contact writes, and makes messages of what they answer.
//
// Outward, everything an agent is told is first a core.Notice, a row of an outbox with a unique key. The notices of a conversation leave in
// their order. A mail's Message-ID is stored before it is sent, so that a crash at any point sends it at worst a second time under the same
// id, which mail programs show once. A relay that is not there is waited for; a mail that it refuses for good is dropped, and the channel's
// log says why.
//
// Inward, a mail is safe in the blob store and the database before our SMTP door says so. It becomes a message only if its reply address is
// genuine, was given to the agent whose address stands in From, and the sender is proven; automatic mail ends here. An agent gets a mail
// only when something did not go as they meant, a stranger never gets any.
package forward
