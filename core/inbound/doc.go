// Package inbound takes in what bridges report. Accept applies a batch of events in one transaction: event key, identity, contact,
// conversation, message, media, window, jobs. When it returns nil, everything is committed and may be acknowledged to the provider.
//
// Callers at the same time share that transaction (line): what they are about is looked up at once, the events are applied one after the other to what
// was found, in memory (work and unit, a unit of work), and what came of them is stored at once. Where that fails, each is applied alone, row by row, by
// the same code (batch).
//
// What can fail, and how: when the database cannot be reached, Accept returns an error that wraps core.ErrUnavailable and nothing is stored, so
// that the provider repeats; likewise when too many wait already. An event that cannot be applied is kept whole as a dead letter; its neighbours are
// applied. An event seen before changes nothing. A reaction, edit, deletion or receipt whose message is not known yet waits for it for a while, then
// becomes a dead letter.
package inbound
