package main

import (
	"slices"
	"strings"
	"testing"

	"github.com/rivo/uniseg"
)

// A row fits the width whatever is in the columns that may be cut, and the
// others stay whole.
func TestTableWidth(t *testing.T) {
	tab := &table{
		head: []string{"No.", "title", "kinds"},
		rows: [][]string{
			{"1*", strings.Repeat("題名", 40), "theft"},
			{"1234567890123456789012345", "👩‍💻👩‍💻 x", strings.Repeat("outage,", 20)},
		},
		flex: []int{1, 2},
	}
	lines := tab.lines(60)
	for _, l := range lines {
		if w := uniseg.StringWidth(l); w > 60 {
			t.Errorf("%d columns: %s", w, l)
		}
	}
	if !strings.Contains(lines[2], "1234567890123456789012345") {
		t.Errorf("an identifier was cut: %s", lines[2])
	}
}

func TestWrap(t *testing.T) {
	for _, c := range []struct {
		in    string
		width int
		want  []string
	}{
		{"one two three", 8, []string{"one two", "three"}},
		{"記録するには、ファイルを。", 14, []string{"記録するには、", "ファイルを。"}},
		{"電話は「上」に", 6, []string{"電話は", "「上」", "に"}},
		{"a\nb", 10, []string{"a", "b"}},
		{"", 10, []string{""}},
	} {
		if got := wrap(c.in, c.width); !slices.Equal(got, c.want) {
			t.Errorf("wrap(%q, %d) = %q", c.in, c.width, got)
		}
	}
}
