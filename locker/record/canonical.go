package record

import (
	"bytes"
	"fmt"
	"sort"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

const (
	maxDepth = 8       // nesting of a record; four are in use
	maxInt   = 1 << 53 // RFC 8785 numbers are doubles; larger integers would not survive
)

// Canonical returns the RFC 8785 form of a JSON text: members sorted, no white
// space, one spelling of each string. Narrower than JSON on purpose: numbers
// are integers below 2^53, keys are lower-case ASCII words, a key stands once,
// strings are valid Unicode, nesting ends at 8.
func Canonical(src []byte) ([]byte, error) {
	p := parser{src: src}
	out, err := p.value(make([]byte, 0, len(src)), 0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.pos != len(src) {
		return nil, p.fail("trailing bytes")
	}
	return out, nil
}

type parser struct {
	src []byte
	pos int
}

func (p *parser) fail(what string) error {
	return fmt.Errorf("%w: %s at byte %d", ErrMalformed, what, p.pos)
}

func (p *parser) space() {
	for p.pos < len(p.src) && (p.src[p.pos] == ' ' || p.src[p.pos] == '\t' || p.src[p.pos] == '\n' || p.src[p.pos] == '\r') {
		p.pos++
	}
}

// take consumes b, after white space, if it comes next.
func (p *parser) take(b byte) bool {
	p.space()
	if p.pos < len(p.src) && p.src[p.pos] == b {
		p.pos++
		return true
	}
	return false
}

func (p *parser) value(out []byte, depth int) ([]byte, error) {
	p.space()
	if p.pos == len(p.src) {
		return nil, p.fail("no value")
	}
	if depth == maxDepth && (p.src[p.pos] == '{' || p.src[p.pos] == '[') {
		return nil, p.fail("nested too deeply")
	}
	switch c := p.src[p.pos]; {
	case c == '{':
		return p.object(out, depth)
	case c == '[':
		return p.array(out, depth)
	case c == '"':
		s, err := p.str()
		if err != nil {
			return nil, err
		}
		return appendString(out, s), nil
	case c == '-' || c >= '0' && c <= '9':
		return p.number(out)
	}
	for _, word := range []string{"true", "false", "null"} {
		if bytes.HasPrefix(p.src[p.pos:], []byte(word)) {
			p.pos += len(word)
			return append(out, word...), nil
		}
	}
	return nil, p.fail("no value")
}

func (p *parser) object(out []byte, depth int) ([]byte, error) {
	p.pos++
	type member struct {
		key   string
		value []byte
	}
	var members []member
	if !p.take('}') {
		for {
			p.space()
			if p.pos == len(p.src) || p.src[p.pos] != '"' {
				return nil, p.fail("no key")
			}
			key, err := p.str()
			if err != nil {
				return nil, err
			}
			if !isWord(key) {
				return nil, p.fail("key is no lower-case word")
			}
			if !p.take(':') {
				return nil, p.fail("no colon")
			}
			v, err := p.value(nil, depth+1)
			if err != nil {
				return nil, err
			}
			members = append(members, member{string(key), v})
			if p.take('}') {
				break
			}
			if !p.take(',') {
				return nil, p.fail("no comma")
			}
		}
	}
	// Keys are ASCII, so that byte order is the UTF-16 order of RFC 8785.
	sort.SliceStable(members, func(i, j int) bool { return members[i].key < members[j].key })
	out = append(out, '{')
	for i, m := range members {
		if i > 0 {
			if members[i-1].key == m.key {
				return nil, p.fail("key " + m.key + " twice")
			}
			out = append(out, ',')
		}
		out = append(appendString(out, []byte(m.key)), ':')
		out = append(out, m.value...)
	}
	return append(out, '}'), nil
}

func (p *parser) array(out []byte, depth int) ([]byte, error) {
	p.pos++
	out = append(out, '[')
	if p.take(']') {
		return append(out, ']'), nil
	}
	for {
		var err error
		if out, err = p.value(out, depth+1); err != nil {
			return nil, err
		}
		if p.take(']') {
			return append(out, ']'), nil
		}
		if !p.take(',') {
			return nil, p.fail("no comma")
		}
		out = append(out, ',')
	}
}

func (p *parser) number(out []byte) ([]byte, error) {
	start := p.pos
	for p.pos < len(p.src) && (p.src[p.pos] == '-' || p.src[p.pos] >= '0' && p.src[p.pos] <= '9') {
		p.pos++
	}
	text := string(p.src[start:p.pos])
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(n, 10) != text || n <= -maxInt || n >= maxInt {
		return nil, p.fail("number is no plain integer")
	}
	return append(out, text...), nil
}

// str reads a string and returns its bytes, which are valid UTF-8.
func (p *parser) str() ([]byte, error) {
	p.pos++
	var out []byte
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == '"':
			p.pos++
			return out, nil
		case c < ' ':
			return nil, p.fail("control character in a string")
		case c == '\\':
			r, err := p.escape()
			if err != nil {
				return nil, err
			}
			out = utf8.AppendRune(out, r)
		default:
			r, n := utf8.DecodeRune(p.src[p.pos:])
			if r == utf8.RuneError && n <= 1 {
				return nil, p.fail("string is not UTF-8")
			}
			out = append(out, p.src[p.pos:p.pos+n]...)
			p.pos += n
		}
	}
	return nil, p.fail("string without an end")
}

func (p *parser) escape() (rune, error) {
	p.pos++
	if p.pos == len(p.src) {
		return 0, p.fail("string without an end")
	}
	c := p.src[p.pos]
	p.pos++
	switch c {
	case '"', '\\', '/':
		return rune(c), nil
	case 'b':
		return '\b', nil
	case 'f':
		return '\f', nil
	case 'n':
		return '\n', nil
	case 'r':
		return '\r', nil
	case 't':
		return '\t', nil
	case 'u':
		r, err := p.hex4()
		if err != nil || !utf16.IsSurrogate(r) {
			return r, err
		}
		if !bytes.HasPrefix(p.src[p.pos:], []byte(`\u`)) {
			return 0, p.fail("half a surrogate pair")
		}
		p.pos += 2
		low, err := p.hex4()
		if err != nil {
			return 0, err
		}
		if r = utf16.DecodeRune(r, low); r == utf8.RuneError {
			return 0, p.fail("half a surrogate pair")
		}
		return r, nil
	}
	return 0, p.fail("unknown escape")
}

func (p *parser) hex4() (rune, error) {
	if len(p.src)-p.pos < 4 {
		return 0, p.fail("short escape")
	}
	n, err := strconv.ParseUint(string(p.src[p.pos:p.pos+4]), 16, 32)
	if err != nil {
		return 0, p.fail("bad escape")
	}
	p.pos += 4
	return rune(n), nil
}

// appendString writes the one spelling that RFC 8785, section 3.2.2.2, gives a
// string.
func appendString(out, s []byte) []byte {
	const hex = "0123456789abcdef"
	out = append(out, '"')
	for _, c := range s {
		switch {
		case c == '"' || c == '\\':
			out = append(out, '\\', c)
		case c == '\b':
			out = append(out, '\\', 'b')
		case c == '\f':
			out = append(out, '\\', 'f')
		case c == '\n':
			out = append(out, '\\', 'n')
		case c == '\r':
			out = append(out, '\\', 'r')
		case c == '\t':
			out = append(out, '\\', 't')
		case c < ' ':
			out = append(out, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			out = append(out, c)
		}
	}
	return append(out, '"')
}

// isWord reports whether s is a lower-case ASCII word as keys are.
func isWord(s []byte) bool {
	for i, c := range s {
		if !(c >= 'a' && c <= 'z' || i > 0 && (c >= '0' && c <= '9' || c == '_')) {
			return false
		}
	}
	return len(s) > 0
}
