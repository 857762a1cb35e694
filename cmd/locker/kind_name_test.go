package main

import (
	"testing"

	"evidence-locker/locker/record"
)

// Every word for a key of a record exists in both languages, and English shows
// the key itself.
func TestWorded(t *testing.T) {
	n := 0
	for typ, fields := range wordNames {
		for field, names := range fields {
			for key, name := range names {
				n++
				if !lang("en").has(name) || !lang("ja").has(name) {
					t.Errorf("%q has no text", name)
				}
				f := record.Fields{field: record.Text(key), "note": record.Text(key)}
				for l, want := range map[lang]string{"en": key, "ja": lang("ja").msg(name)} {
					u := &ui{lang: l}
					if got := u.worded(typ, f); got[field] != record.Text(want) || got["note"] != record.Text(key) || f[field] != record.Text(key) {
						t.Errorf("%s %s %s in %s: %v", typ, field, key, l, got)
					}
				}
			}
		}
	}
	if n < 15 {
		t.Errorf("only %d words", n)
	}
}
