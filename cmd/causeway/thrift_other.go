//go:build !linux

package main

// forgetProgram is done by the system itself, when it needs the memory.
func forgetProgram() {}
