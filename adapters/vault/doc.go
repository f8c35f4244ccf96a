// Package vault seals secrets with a master key that lies in a file of its own, outside the database.
//
// The file holds a tink keyset (AES-256-GCM; the primary key seals, every key opens) and a separate random secret from which other keys are
// derived, so that what is derived survives a rotation. Each secret gets a fresh data key, which the keyset wraps: a box is
//
//	version byte | length | wrapped data key, beginning with its master key's id | sealed value
//
// The context (workspace, owner and name of the secret) is bound in as associated data: a box moved to another row does not open.
//
// What can go wrong: without its file no box opens again, so Open never makes a new one by itself, and the file belongs into the backup, apart
// from the database. A file that others may read is refused. A rotation leaves the file its owner and mode. Between processes the file is the truth: a Vault reads it again when it meets a
// box of a key it does not know, and before it seals.
package vault
