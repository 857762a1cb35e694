package datafile

import (
	"cmp"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"
)

// Names finds things by any of their names, whatever the case, the width of the
// letters (full or half) and the blanks, hyphens and dots between them.
type Names struct {
	keys  map[string]string // folded name -> key
	shown []shown
}

type shown struct{ folded, name, key string }

// Add makes key known by name. The first of two equal names wins.
func (n *Names) Add(key, name string) {
	f := Fold(name)
	if f == "" {
		return
	}
	if n.keys == nil {
		n.keys = make(map[string]string)
	}
	if _, taken := n.keys[f]; !taken {
		n.keys[f] = key
		n.shown = append(n.shown, shown{f, name, key})
	}
}

// Lookup returns the key of the thing with this name.
func (n *Names) Lookup(name string) (key string, ok bool) {
	key, ok = n.keys[Fold(name)]
	return key, ok
}

// Near returns the names that a person may have meant, the nearest first, at
// most three and at most one for each key. A name is near if one of the two
// begins with the other, or if few letters need to be changed.
func (n *Names) Near(name string) []string {
	f := Fold(name)
	if f == "" || len(f) > 200 {
		return nil
	}
	type hit struct {
		shown
		d int
	}
	var hits []hit
	for _, s := range n.shown {
		a, b := []rune(f), []rune(s.folded)
		d := distance(a, b)
		switch {
		case d <= min(len(a), len(b))/3:
		case min(len(a), len(b)) >= 3 && (strings.HasPrefix(s.folded, f) || strings.HasPrefix(f, s.folded)):
		default:
			continue
		}
		hits = append(hits, hit{s, d})
	}
	slices.SortStableFunc(hits, func(x, y hit) int { return cmp.Compare(x.d, y.d) })
	var near []string
	seen := make(map[string]bool)
	for _, h := range hits {
		if !seen[h.key] && len(near) < 3 {
			seen[h.key] = true
			near = append(near, h.name)
		}
	}
	return near
}

// Fold returns s in the form in which names are compared.
func Fold(s string) string {
	s = norm.NFKC.String(strings.ToLower(norm.NFKC.String(strings.ToValidUTF8(s, ""))))
	return strings.Map(func(r rune) rune {
		if unicode.IsSpace(r) || strings.ContainsRune("-_.・", r) {
			return -1
		}
		return r
	}, s)
}

// Distance counts the letters to insert, delete, change or swap with their
// neighbour to get from a to b. Its cost grows with the product of their
// lengths.
func Distance(a, b string) int { return distance([]rune(a), []rune(b)) }

func distance(a, b []rune) int {
	var before, last []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range a {
		before, last, row = last, row, make([]int, len(b)+1)
		row[0] = i + 1
		for j := range b {
			change := 1
			if a[i] == b[j] {
				change = 0
			}
			row[j+1] = min(last[j+1]+1, row[j]+1, last[j]+change)
			if i > 0 && j > 0 && a[i] == b[j-1] && a[i-1] == b[j] {
				row[j+1] = min(row[j+1], before[j-1]+1)
			}
		}
	}
	return row[len(b)]
}
