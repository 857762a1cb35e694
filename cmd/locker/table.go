package main

import (
	"strings"

	"github.com/rivo/uniseg"
)

// tableGap stands between two columns.
const tableGap = "  "

// A table lines cells up by their width on a terminal. Its cells are harmless
// text of one line.
type table struct {
	head []string
	rows [][]string
	// flex are the columns that are cut, the first one first, so that a row
	// fits the width. No column that holds an identifier is among them.
	flex []int
	// short stands for a cell that would have to be cut, by the cell.
	short map[string]string
}

// minColumn is the least width that a column is cut to.
const minColumn = 8

// lines returns the table in at most width columns, if cutting suffices.
func (t *table) lines(width int) []string {
	widths := make([]int, len(t.head))
	all := append([][]string{t.head}, t.rows...)
	total := 0
	for c := range t.head {
		for _, r := range all {
			widths[c] = max(widths[c], uniseg.StringWidth(r[c]))
		}
		total += widths[c] + len(tableGap)
	}
	over := total - len(tableGap) - width
	for _, c := range t.flex {
		if cut := min(over, widths[c]-max(minColumn, uniseg.StringWidth(t.head[c]))); cut > 0 {
			widths[c] -= cut
			over -= cut
		}
	}
	var lines []string
	for _, r := range all {
		var b strings.Builder
		for c, cell := range r {
			if s, ok := t.short[cell]; ok && uniseg.StringWidth(cell) > widths[c] {
				cell = s
			}
			b.WriteString(pad(cut(cell, widths[c]), widths[c]) + tableGap)
		}
		lines = append(lines, strings.TrimRight(b.String(), " "))
	}
	return lines
}

// cut shortens text to width columns and marks that it did.
func cut(s string, width int) string {
	if uniseg.StringWidth(s) <= width {
		return s
	}
	var b strings.Builder
	used, state := 0, -1
	for s != "" {
		var cluster string
		var w int
		cluster, s, w, state = uniseg.FirstGraphemeClusterInString(s, state)
		if used+w > width-1 {
			break
		}
		b.WriteString(cluster)
		used += w
	}
	return b.String() + "…"
}

// pad fills s up to width columns.
func pad(s string, width int) string {
	return s + strings.Repeat(" ", max(0, width-uniseg.StringWidth(s)))
}
