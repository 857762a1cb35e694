package main

import "syscall"

// timeError is the state in which the kernel holds its clock not to be
// synchronised (adjtimex(2), TIME_ERROR).
const timeError = 5

// clockSynchronised returns what the kernel says of its clock, nil if it does
// not say.
func clockSynchronised() *bool {
	state, err := syscall.Adjtimex(&syscall.Timex{})
	if err != nil {
		return nil
	}
	ok := state != timeError
	return &ok
}
