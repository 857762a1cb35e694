package main

import (
	"fmt"
	"image"
	"math/big"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"evidence-locker/report"

	"golang.org/x/text/width"
)

// reportOptions are the flags of report as they were typed.
type reportOptions struct {
	number, recipient, lang, format, output, date string
	maxSize, maxChars                             string
	include, mark, mask                           []string
	split, noPreview, custody, strict, force      bool
}

// A reportOrder is what reportOptions ask for, with what was not given filled
// in.
type reportOrder struct {
	incident int // or currentIncident
	build    report.Options
	format   string
	output   string // "" : a new name, "-" : standard output
	maxSize  int64  // of a PDF in bytes, 0 for any
	maxChars int    // of a text, 0 for any
	split    bool
	preview  bool
	strict   bool
	force    bool
}

// formats are the forms of a report, with the extension of their files.
var formats = []struct{ name, ext string }{{"pdf", "pdf"}, {"text", "txt"}, {"csv", "csv"}, {"json", "json"}}

// order fills in what was not given and refuses what there is not, and what
// would otherwise be ignored.
func (o *reportOptions) order(e *env) (*reportOrder, error) {
	r := &reportOrder{incident: currentIncident, output: o.output, split: o.split, preview: !o.noPreview, strict: o.strict, force: o.force}
	r.format = o.format
	var names []string
	for _, f := range formats {
		names = append(names, f.name)
		if r.format == "" && strings.EqualFold(filepath.Ext(o.output), "."+f.ext) {
			r.format = f.name
		}
	}
	if r.format == "" {
		r.format = "pdf"
	}
	var recipients []string
	for _, known := range report.Recipients() {
		recipients = append(recipients, known.Key)
	}
	r.build = report.Options{For: o.recipient, Lang: o.lang, Custody: o.custody}
	if r.build.For == "" {
		r.build.For = recipients[0]
	}
	if r.build.Lang == "" {
		r.build.Lang = string(e.ui.lang)
	}
	values := []flagValue{{"for", r.build.For, recipients}, {"lang", r.build.Lang, []string{"en", "ja"}}, {"format", r.format, names}}
	for _, what := range o.include {
		values = append(values, flagValue{"include", what, []string{"address"}})
		r.build.Address = true
	}
	for _, v := range values {
		if err := v.check(e); err != nil {
			return nil, err
		}
	}
	for _, f := range []struct {
		flag, format string
		given        bool
	}{
		{"--max-size", "pdf", o.maxSize != ""}, {"--split", "pdf", o.split}, {"--mark", "pdf", len(o.mark) > 0},
		{"--mask", "pdf", len(o.mask) > 0}, {"--no-preview", "pdf", o.noPreview}, {"--max-chars", "text", o.maxChars != ""},
	} {
		if f.given && f.format != r.format {
			return nil, &usageError{key: "usage.only-format", args: []any{f.flag, f.format, r.format}, command: "report"}
		}
	}
	return r, o.read(e, r)
}

// read reads the values that are numbers and dates.
func (o *reportOptions) read(e *env, r *reportOrder) (err error) {
	if o.date != "" {
		if r.build.Date, err = time.Parse(time.DateOnly, o.date); err != nil {
			return &usageError{key: "usage.no-date", args: []any{o.date}, command: "report"}
		}
	}
	r.maxSize = report.DefaultMaxSize(r.build.For)
	if o.maxSize != "" {
		var ok bool
		if r.maxSize, ok = parseSize(o.maxSize); !ok {
			return &usageError{key: "usage.no-size", args: []any{o.maxSize}, command: "report"}
		}
	}
	if o.maxChars != "" {
		if r.maxChars, err = strconv.Atoi(width.Fold.String(o.maxChars)); err != nil || r.maxChars < 1 {
			return &usageError{key: "usage.no-chars", args: []any{o.maxChars}, command: "report"}
		}
	}
	if r.build.Marks, err = parseAreas("--mark", o.mark); err != nil {
		return err
	}
	if r.build.Masks, err = parseAreas("--mask", o.mask); err != nil {
		return err
	}
	switch {
	case r.split && r.output == "-":
		return &usageError{key: "usage.split-stdout", command: "report"}
	case r.split && r.maxSize == 0:
		return &usageError{key: "usage.split-any-size", fixed: e.line.changed("max-size", "--max-size", "7MB")}
	case r.output == "-" && r.format == "pdf" && isTerminalFile(e.stdout):
		return &usageError{key: "usage.pdf-on-terminal", command: "report"}
	}
	if o.number != "" {
		r.incident, err = parseNumber(o.number)
	}
	return err
}

// A flagValue is the value of a flag that knows a few words.
type flagValue struct {
	flag, value string
	allowed     []string
}

// check refuses an unknown word, with the whole corrected line if it is likely
// to be a typing error.
func (v flagValue) check(e *env) error {
	if slices.Contains(v.allowed, v.value) {
		return nil
	}
	err := &usageError{key: "usage.not-among", args: []any{"--" + v.flag, v.value, e.ui.lang.list(v.allowed)}, command: "report"}
	if near := nearest(v.value, v.allowed); len(near) > 0 {
		err.fixed = e.line.replaced(v.flag, v.value, near[0])
	}
	return err
}

// parseSize reads a number of bytes: 7MB, 7.5MB, 500KB, 7MiB, 7000000. Units
// without an "i" are decimal, as mail services count.
func parseSize(s string) (bytes int64, ok bool) {
	m := sizeForm.FindStringSubmatch(strings.ToLower(width.Fold.String(s)))
	if m == nil {
		return 0, false
	}
	n, _ := new(big.Rat).SetString(m[1])
	base := int64(1000)
	if m[3] != "" {
		base = 1024
	}
	for range map[string]int{"k": 1, "m": 2, "g": 3}[m[2]] {
		n.Mul(n, new(big.Rat).SetInt64(base))
	}
	whole := new(big.Int).Quo(n.Num(), n.Denom())
	// Less than a byte is no limit that anybody means, and 0 means any.
	if whole.BitLen() > 53 || whole.Sign() == 0 && n.Sign() != 0 {
		return 0, false
	}
	return whole.Int64(), true
}

var sizeForm = regexp.MustCompile(`^([0-9]{1,15}(?:\.[0-9]{1,9})?) ?(?:([kmg])(i?))?b?$`)

// parseAreas reads areas of pictures: the number of the record, and in pixels
// from the top left corner x, y, width and height.
func parseAreas(flag string, values []string) (map[int64][]image.Rectangle, error) {
	areas := map[int64][]image.Rectangle{}
	for _, v := range values {
		m := areaForm.FindStringSubmatch(width.Fold.String(v))
		if m == nil {
			return nil, &usageError{key: "usage.no-area", args: []any{flag, v}, example: []string{"locker", "report", flag, "12:100,200,300,40"}}
		}
		var n [5]int
		for i := range n {
			n[i], _ = strconv.Atoi(m[i+1]) // at most nine digits
		}
		if n[3] == 0 || n[4] == 0 {
			return nil, &usageError{key: "usage.empty-area", args: []any{flag, v}, command: "report"}
		}
		areas[int64(n[0])] = append(areas[int64(n[0])], image.Rect(n[1], n[2], n[1]+n[3], n[2]+n[4]))
	}
	return areas, nil
}

var areaForm = regexp.MustCompile(`^([0-9]{1,9}):([0-9]{1,9}),([0-9]{1,9}),([0-9]{1,9}),([0-9]{1,9})$`)

// defaultName is the name of a file that nobody named.
func (r *reportOrder) defaultName(incident int, day time.Time) string {
	ext := ""
	for _, f := range formats {
		if f.name == r.format {
			ext = f.ext
		}
	}
	return fmt.Sprintf("incident-%d-%s-%s.%s", incident, r.build.For, day.Format("20060102"), ext)
}
