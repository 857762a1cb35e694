package statement

import (
	"testing"

	"golang.org/x/text/encoding/japanese"
)

// sjis encodes text in Shift_JIS, or leaves it as it is where that cannot be.
func sjis(t *testing.T, text string) string {
	t.Helper()
	s, err := japanese.ShiftJIS.NewEncoder().String(text)
	if err != nil {
		return text
	}
	return s
}
