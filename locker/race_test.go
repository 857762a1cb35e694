//go:build race

package locker_test

import "time"

// The race detector makes everything five to ten times slower.
func init() {
	sparse = 16
	killWindow = 200 * time.Millisecond
}
