//go:build !linux

package main

// clockSynchronised returns nil: this system does not say.
func clockSynchronised() *bool { return nil }
