package main

import (
	"slices"
	"strings"

	"evidence-locker/locker/datafile"
)

// maxWord bounds what is compared, in bytes: no name is as long.
const maxWord = 64

// nearest returns those candidates that a typing error away from word is
// likely to mean, nearest first, at most three.
func nearest(word string, candidates []string) []string {
	type match struct {
		word     string
		distance int
	}
	if len(word) > maxWord {
		return nil
	}
	word = strings.ToLower(word)
	var found []match
	for _, c := range candidates {
		lower := strings.ToLower(c)
		d := datafile.Distance(word, lower)
		if len(word) > 2 && strings.HasPrefix(lower, word) {
			d = min(d, 1)
		}
		if d <= max(1, len(word)/3) && d < len(word) {
			found = append(found, match{c, d})
		}
	}
	slices.SortStableFunc(found, func(a, b match) int { return a.distance - b.distance })
	var words []string
	for _, m := range found[:min(3, len(found))] {
		words = append(words, m.word)
	}
	return words
}
