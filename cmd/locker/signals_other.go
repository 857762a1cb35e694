//go:build !unix

package main

// ignoreSignals does nothing: this system has no such signals.
func ignoreSignals() {}
