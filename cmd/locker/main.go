// Locker records evidence of trouble at a crypto exchange, sealed, and turns it
// into the documents that a support desk or the police ask for.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	os.Exit(runWithSignals(systemEnv()))
}

// runWithSignals runs the command line of e under a context that ends with
// the first interrupt. A second one ends the process at once.
func runWithSignals(e *env) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()
	context.AfterFunc(ctx, stop)
	ignoreSignals()
	return run(ctx, e)
}
