//go:build !linux

package main

import "os"

func echoOff(*os.File) {}

func flushInput(*os.File) {}

func wasClosed(f *os.File) bool {
	_, err := f.Stat()
	return err != nil
}
