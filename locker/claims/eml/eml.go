// Package eml takes mails apart: their headers, their parts, the text of a
// part. What a mail says may be a lie, and a mail may be made to harm its
// reader: nothing here fails, and depth and number of parts are bounded.
//
// The packages of the standard library that do so bring the network with them.
package eml

import (
	"encoding/base64"
	"fmt"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/htmlindex"
)

const (
	maxFields = 20_000 // of a header
	maxDepth  = 8      // of parts within parts
	maxParts  = 200    // in all
)

// A Header is the fields of a mail or a part in their order, unfolded.
type Header []Field

// A Field is one line of a header.
type Field struct{ Name, Value string }

// All returns the values of a field, whatever the case of its name.
func (h Header) All(name string) (values []string) {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			values = append(values, f.Value)
		}
	}
	return values
}

// First returns the first value of a field, "" if there is none.
func (h Header) First(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// A Part is a mail or a part of one.
type Part struct {
	Header Header
	Media  string            // from Content-Type, in small letters; "" if that is missing or cannot be read
	Params map[string]string // of Media
	Depth  int               // 0 for the mail itself
	Whole  bool              // a boundary says that it ends here, or it is the mail itself

	body string
}

// End tells why there is nothing further in a mail.
type End int

const (
	Closed  End = iota // every multipart came to its end
	Stopped            // the mail ends in the middle
	Limited            // there may be more than was looked at
)

// Walk calls f for a mail and the parts in it, in their order. Parts within a
// part are left out where f returns false for it.
func Walk(source string, f func(Part) bool) End {
	source = strings.TrimPrefix(strings.ReplaceAll(source, "\r\n", "\n"), "\ufeff")
	w := walker{f: f, left: maxParts}
	w.part(source, 0, true)
	return w.end
}

type walker struct {
	f    func(Part) bool
	left int // parts that may still be looked at
	end  End
}

func (w *walker) part(source string, depth int, whole bool) {
	header, body, end := readHeader(source)
	if end == Stopped && whole && depth > 0 { // a part may be a header alone
		end = Closed
	}
	w.end = max(w.end, end)
	p := Part{Header: header, Depth: depth, Whole: whole, body: body}
	p.Media, p.Params, _ = mime.ParseMediaType(header.First("Content-Type"))
	into := w.f(p)
	if boundary := p.Params["boundary"]; into && end == Closed && boundary != "" && strings.HasPrefix(p.Media, "multipart/") {
		if depth == maxDepth {
			w.end = Limited
			return
		}
		w.parts(body, boundary, depth+1)
	}
}

// parts cuts the body of a multipart at its boundary lines.
func (w *walker) parts(body, boundary string, depth int) {
	boundary = "--" + boundary
	start := -1 // of the part, -1 before the first
	for at := 0; at < len(body); {
		line, _, _ := strings.Cut(body[at:], "\n")
		next := at + len(line) + 1
		mark, is := strings.CutPrefix(line, boundary)
		if mark = strings.TrimRight(mark, " \t"); is && (mark == "" || mark == "--") {
			if start >= 0 && !w.take(body[start:max(start, at-1)], depth, true) {
				return
			}
			if mark == "--" {
				return
			}
			start = min(next, len(body))
		}
		at = next
	}
	w.end = max(w.end, Stopped)
	if start >= 0 {
		w.take(body[start:], depth, false)
	}
}

func (w *walker) take(source string, depth int, whole bool) bool {
	if w.left--; w.left < 0 {
		w.end = Limited
		return false
	}
	w.part(source, depth, whole)
	return true
}

// readHeader reads a header and returns what follows the empty line behind it.
// Lines that are no field are left out.
func readHeader(source string) (h Header, body string, end End) {
	var value strings.Builder
	name := ""
	field := func() {
		if name != "" {
			h = append(h, Field{name, value.String()})
		}
		name = ""
		value.Reset()
	}
	defer func() { field() }()
	for source != "" {
		if len(h) == maxFields {
			return h, "", Limited
		}
		var line string
		line, source, _ = strings.Cut(source, "\n")
		if line == "" {
			return h, source, Closed
		}
		if line[0] == ' ' || line[0] == '\t' {
			if line = strings.TrimSpace(line); line != "" && name != "" {
				if value.Len() > 0 {
					value.WriteByte(' ')
				}
				value.WriteString(line)
			}
			continue
		}
		field()
		before, after, ok := strings.Cut(line, ":")
		if before = strings.TrimRight(before, " \t"); ok && !strings.ContainsAny(before, " \t") {
			name = before
			value.WriteString(strings.TrimSpace(after))
		}
	}
	return h, "", Stopped
}

// Text decodes the body of a part as the text that its header says it is.
func (p Part) Text() (string, error) {
	var r io.Reader = strings.NewReader(p.body)
	switch strings.ToLower(p.Header.First("Content-Transfer-Encoding")) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	charset := p.Params["charset"]
	if charset == "" {
		charset = "utf-8"
	}
	e, err := charsetOf(charset)
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(e.NewDecoder().Reader(r))
	if err != nil {
		return "", fmt.Errorf("decoding mail: %w", err)
	}
	text := strings.ReplaceAll(string(b), "\r\n", "\n")
	if strings.ContainsRune(text, utf8.RuneError) {
		return "", fmt.Errorf("decoding mail: the text is not in %q", charset)
	}
	return text, nil
}

// charsetOf finds a character set by the names that mail uses.
func charsetOf(name string) (encoding.Encoding, error) {
	name = strings.ToLower(name)
	if number, ok := strings.CutPrefix(name, "cp"); ok { // as Windows calls them
		if name = map[string]string{"932": "shift_jis", "936": "gbk", "949": "euc-kr", "950": "big5"}[number]; name == "" {
			name = "windows-" + number
		}
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, fmt.Errorf("unknown character set %q", name)
	}
	return e, nil
}

// Words decodes the words of a header that are not plain ASCII (RFC 2047).
var Words = mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
	e, err := charsetOf(charset)
	if err != nil {
		return nil, err
	}
	return e.NewDecoder().Reader(r), nil
}}

// Decode is the value of a header for people. What cannot be decoded stays as it
// is.
func Decode(value string) string {
	if s, err := Words.DecodeHeader(value); err == nil {
		return s
	}
	return value
}
