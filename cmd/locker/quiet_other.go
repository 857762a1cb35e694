//go:build !linux && !darwin

package main

import "os"

func echoOff(*os.File) {}

func keepTyped(*os.File) {}

func takeTyped(*os.File) bool { return false }

func lineThere(*os.File) bool { return false }

func takeRest(*os.File) string { return "" }

func flushInput(*os.File) {}

func wasClosed(f *os.File) bool {
	_, err := f.Stat()
	return err != nil
}
