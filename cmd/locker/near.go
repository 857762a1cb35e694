package main

import (
	"slices"
	"strings"
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
		d := distance(word, lower)
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

// distance counts the insertions, deletions, replacements and swaps of
// neighbours that turn a into b.
func distance(a, b string) int {
	s, t := []rune(a), []rune(b)
	d := make([][]int, len(s)+1)
	for i := range d {
		d[i] = make([]int, len(t)+1)
		d[i][0] = i
	}
	for j := range d[0] {
		d[0][j] = j
	}
	for i := 1; i <= len(s); i++ {
		for j := 1; j <= len(t); j++ {
			cost := 1
			if s[i-1] == t[j-1] {
				cost = 0
			}
			d[i][j] = min(d[i-1][j]+1, d[i][j-1]+1, d[i-1][j-1]+cost)
			if i > 1 && j > 1 && s[i-1] == t[j-2] && s[i-2] == t[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(s)][len(t)]
}
