// Package queuetest is the contract of core.Queue as tests, for every queue and database.
package queuetest
