// Package carrier is the bridge for any provider of text messages that is called, and calls, by HTTP. Nothing about a provider is code: a
// definition, a JSON object, says how a message is sent, where in the answer its id or the error is, how what comes in is to be read, and how
// calls are signed. Definitions of well-known providers come along as presets; an admin writes another one into the channel's settings, or
// changes parts of a preset.
//
// # Texts
//
// Texts in requests may contain names in braces, such as {to}; a doubled brace stands for itself. A name may be followed by filters:
// {text|utf16be|hex}. Names that can be sent: base, to, from, text, key (ours, of the message), callback (the channel's own address, with our key),
// media_url, mime, encoding (GSM-7 or UCS-2), segments, username, password, api_key, account_id, webhook_secret and extra.NAME for what an admin
// adds. A text with {callback} is empty while the address is not known. A field whose name ends in ? is left out while its text is empty; with a
// name behind it, as in report?callback, while that name is empty.
//
// Nothing else is possible: no loops, no conditions, no functions that reach anything. What depends on something is a request of its own with a
// "when".
//
// # Paths
//
// Where something is found is a path of names and positions joined by dots: messages.0.status; * stands for all, a negative position counts from
// the end, a backslash keeps a dot from parting. query.NAME and header.NAME look at the call itself, root. at the whole body rather than at the
// piece of a batch. A path that begins with = is a text. Several paths in a list are tried in turn.
//
// # Conditions
//
// A condition gives paths, or names, and what must be there: a text, a list of texts, "*" for anything, "" for nothing.
//
// # Check
//
// "check" is a request that only asks, such as for the balance, and shows whether the provider takes the credentials; or a list of them, of which the
// first whose "when" is met is made. A status in "unclear" says that the credentials may send, perhaps, but not ask.
//
// # Failures
//
// A definition that cannot work is refused when the channel is opened, naming the place. A call that is authentic and fits no rule is kept, not
// refused. An answer that cannot be read leaves open whether the message was sent.
package carrier
