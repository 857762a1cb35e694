package statement

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

const (
	maxDepth = 64
	// maxNames and maxText bound what is kept of an object while it is read. No
	// exchange's object comes near them; what goes beyond is no row.
	maxNames = 400
	maxText  = 256 << 10
)

// An entry is one value of an object, those of objects inside it included.
type entry struct{ name, value string }

// jsonReader walks through saved answers of APIs. Wherever an object is
// recognised, it is a row; everything around it is wrapping.
type jsonReader struct {
	rd    *reader
	dec   *json.Decoder
	guard *guard
	shown int // names of the object in Result.Header
}

func (rd *reader) json(src *bufio.Reader) error {
	g := &guard{r: src, line: 1}
	j := &jsonReader{rd: rd, guard: g, dec: json.NewDecoder(g)}
	j.dec.UseNumber()
	var err error
	for err == nil { // one value, or one on each line
		if !j.dec.More() {
			if _, end := j.dec.Token(); end != io.EOF {
				err = end
			}
			break
		}
		_, err = j.value("", 0)
	}
	if g.err != nil { // of the file itself
		return g.err
	}
	if err != nil {
		code := BadJSON
		if errors.Is(err, errLong) {
			code = BadLength
		}
		rd.problem(j.wrongLine(), code, "")
	}
	_, err = io.Copy(io.Discard, src)
	return err
}

// line is that of the last token.
func (j *jsonReader) line() int64 { return j.guard.lineAt(j.dec.InputOffset()) }

// wrongLine is the line of what is no JSON: behind the last token and the blanks
// that follow it.
func (j *jsonReader) wrongLine() int64 {
	last := j.guard.lineAt(j.dec.InputOffset() + 1)
	n := last
	rest := make([]byte, 4096)
	got, _ := io.ReadFull(j.dec.Buffered(), rest)
	for _, c := range rest[:got] {
		switch c {
		case '\n':
			n++
		case ' ', '\t', '\r', ',':
		default:
			return n
		}
	}
	return last
}

var errDeep = errors.New("nested too deeply")

// A node is what a value holds: entries of an object, or one text.
type node struct {
	entries []entry
	text    string
	scalar  bool
}

// value reads the next value. name is that under which it stands in an object.
func (j *jsonReader) value(name string, depth int) (node, error) {
	if depth > maxDepth {
		return node{}, errDeep
	}
	j.line() // lets the guard forget the lines behind
	token, err := j.dec.Token()
	if err != nil {
		return node{}, err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return j.object(name, depth)
		}
		return j.array(depth)
	case nil:
		return node{scalar: true}, nil
	case bool:
		return node{text: fmt.Sprint(t), scalar: true}, nil
	case json.Number:
		return node{text: t.String(), scalar: true}, nil
	case string:
		return node{text: t, scalar: true}, nil
	}
	return node{}, nil
}

// array reads the values of a list; single ones are joined.
func (j *jsonReader) array(depth int) (node, error) {
	var texts []string
	size := 0
	for j.dec.More() {
		n, err := j.value("", depth+1)
		if err != nil {
			return node{}, err
		}
		if n.scalar && n.text != "" && size < maxText {
			texts = append(texts, n.text)
			size += len(n.text) + 2
		}
	}
	_, err := j.dec.Token()
	return node{text: strings.Join(texts, ", "), scalar: true}, err
}

func (j *jsonReader) object(name string, depth int) (node, error) {
	begins := j.line()
	var entries []entry
	names := map[string]bool{}
	size, twice := 0, ""
	keep := func(e entry) {
		if size += len(e.name) + len(e.value); len(entries) < maxNames && size < maxText {
			entries = append(entries, e)
		}
	}
	for j.dec.More() {
		token, err := j.dec.Token()
		if err != nil {
			return node{}, err
		}
		key, _ := token.(string)
		if len(names) < maxNames {
			if names[key] {
				twice = key
			}
			names[key] = true
		}
		n, err := j.value(key, depth+1)
		if err != nil {
			return node{}, err
		}
		if n.scalar {
			keep(entry{key, n.text})
		}
		for _, e := range n.entries {
			keep(entry{key + "." + e.name, e.value})
		}
	}
	if _, err := j.dec.Token(); err != nil {
		return node{}, err
	}
	f := j.rd.book.object(entries)
	if f == nil {
		// Not a row; the object around it may be one.
		if j.rd.res.Exchange == "" && len(names) > j.shown {
			j.shown = len(names)
			j.rd.res.Line, j.rd.res.Header = begins, nil
			for _, e := range entries[:min(len(entries), 100)] {
				j.rd.res.Header = append(j.rd.res.Header, e.name)
			}
		}
		return node{entries: entries}, nil
	}
	j.begin(f, begins, entries)
	if twice != "" {
		j.rd.problem(begins, BadTwice, twice)
		return node{}, nil
	}
	j.row(f, begins, name, entries)
	return node{}, nil
}

// begin takes note of the format of an object.
func (j *jsonReader) begin(f *format, line int64, entries []entry) {
	rd := j.rd
	if rd.res.Exchange == "" {
		rd.res.Header, rd.res.Line = nil, line
		for _, e := range entries {
			rd.res.Header = append(rd.res.Header, e.name)
		}
	}
	if rd.res.Exchange != f.exchange || rd.res.Format != f.Of {
		rd.begin(f, nil)
	}
}

// row hands on what an object holds.
func (j *jsonReader) row(f *format, line int64, name string, entries []entry) {
	rd := j.rd
	var cells []cell
	var times []time.Time
	var ids []string
	wrong := ""
	add := func(role, label, value string) {
		if blank(value) || value == "None" {
			return
		}
		cells = append(cells, cell{role, label, value})
		switch role {
		case "id", "ref", "txid":
			ids = append(ids, value)
		case "placed_at", "filled_at", "at":
			t, own, ok := moment(value, rd.zone)
			if ok {
				rd.bare(own)
			} else {
				t, ok = epoch(value)
			}
			if ok {
				times = append(times, t)
			} else {
				wrong = value
			}
		}
	}
	for _, n := range f.names {
		if n.name == "@key" {
			add(n.role, "key", name)
			continue
		}
		prefix, any := strings.CutSuffix(n.name, "*")
		for _, e := range entries {
			if e.name == n.name || any && strings.HasPrefix(e.name, prefix) {
				add(n.role, e.name, e.value)
			}
		}
	}
	wanted := rd.wants(times, ids)
	if wrong != "" && (wanted || rd.byTime()) {
		rd.problem(line, BadTime, wrong)
	}
	if wanted {
		rd.emit(f, line, cells)
	}
}

// object finds the format of an object: of those whose names are all there, the
// one that asks for most.
func (b *Book) object(entries []entry) *format {
	var best *format
	for _, f := range b.objects {
		if best != nil && best.need >= f.need {
			continue
		}
		if !slices.ContainsFunc(f.names, func(n nameRole) bool {
			return n.need && !slices.ContainsFunc(entries, func(e entry) bool { return e.name == n.name })
		}) {
			best = f
		}
	}
	return best
}

var errLong = errors.New("a text or gap is too long")

// guard hands JSON on, counts its lines, and ends it where the decoder would
// have to keep more than maxLine in memory.
type guard struct {
	r    io.Reader
	err  error   // of r
	off  int64   // bytes handed on
	ends []int64 // offsets behind the ends of lines not yet counted
	line int64   // of the last offset asked for

	quoted, escaped bool
	run             int // bytes since the last sign that ends a token
}

func (g *guard) Read(p []byte) (int, error) {
	n, err := g.r.Read(p)
	if err != nil && err != io.EOF {
		g.err = err
	}
	for i, c := range p[:n] {
		g.run++
		switch {
		case c == '\n':
			g.ends = append(g.ends, g.off+int64(i)+1)
		case g.escaped:
			g.escaped = false
		case c == '\\':
			g.escaped = g.quoted
		case c == '"':
			g.quoted = !g.quoted
			g.run = 0
		case !g.quoted && (c == ',' || c == ':' || c == '{' || c == '}' || c == '[' || c == ']'):
			g.run = 0
		}
		if g.run > maxLine {
			return 0, errLong
		}
	}
	g.off += int64(n)
	return n, err
}

// lineAt returns the line of an offset. It is asked for ever later ones.
func (g *guard) lineAt(off int64) int64 {
	i := 0
	for i < len(g.ends) && g.ends[i] < off {
		i++
	}
	g.line += int64(i)
	g.ends = g.ends[i:]
	return g.line
}
