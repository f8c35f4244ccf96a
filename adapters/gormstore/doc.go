// Package gormstore is the database: core.Store on SQLite (one file, one node) and on PostgreSQL (any number of nodes), by gorm.
//
// What can fail, and how it shows: a thing that is not there is core.ErrNotFound, a taken unique key core.ErrDuplicate; a database that cannot
// be reached, is full or takes no writes wraps core.ErrUnavailable. Deadlocks and the like are not seen: Tx runs its function again.
//
// On PostgreSQL an error of a Repo inside a Tx ends the transaction unless it came up inside Try. The methods that report "won" never fail
// for a taken key.
//
// On SQLite there is one transaction at a time, and those that wait share its commit: one may be run again because of another's failure.
//
// Rows are keyed by (workspace, id) and refer to each other with their workspace, so the database itself keeps tenants apart. What a row repeats of
// the one it belongs to, as a message does its conversation's contact, is not checked once more. Text that
// PostgreSQL cannot hold (bytes that are no UTF-8, the zero character) is stored with U+FFFD in its place, on both databases.
package gormstore
