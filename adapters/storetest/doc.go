// Package storetest is the contract of core.Store as tests. Every implementation runs it, on every database.
package storetest
