package statement

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/encoding/japanese"
)

const (
	// headerWithin is how many rows may stand above the header.
	headerWithin = 20
	// maxJoin is how many lines one row may have, and maxJoined how many bytes:
	// whoever forgot a quotation mark must not lose the rest of the file to it.
	maxJoin   = 8
	maxJoined = 64 << 10
)

// A line is one line of a file, without its end.
type line struct {
	text []byte
	n    int64
	long bool // longer than maxLine: text is empty
}

// lines reads lines, and takes some back.
type lines struct {
	r    *bufio.Reader // of maxLine bytes
	n    int64
	back []line // their texts are copies
}

// next returns the next line. Its text holds until the call after.
func (l *lines) next() (line, error) {
	if len(l.back) > 0 {
		first := l.back[0]
		l.back = l.back[1:]
		return first, nil
	}
	text, err := l.r.ReadSlice('\n')
	l.n++
	if errors.Is(err, bufio.ErrBufferFull) {
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = l.r.ReadSlice('\n')
		}
		if err == io.EOF {
			err = nil
		}
		return line{n: l.n, long: true}, err
	}
	if err == io.EOF && len(text) > 0 {
		err = nil
	}
	return line{text: bytes.TrimSuffix(bytes.TrimSuffix(text, []byte("\n")), []byte("\r")), n: l.n}, err
}

// peek returns the line that next will return after i others, as a copy.
func (l *lines) peek(i int) (line, bool) {
	for len(l.back) <= i {
		text, err := (&lines{r: l.r, n: l.n}).next()
		if err != nil {
			return line{}, false
		}
		l.n++
		text.text = bytes.Clone(text.text)
		l.back = append(l.back, text)
	}
	return l.back[i], true
}

// The states in which a row can end.
const (
	whole    = iota
	unclosed // within quotation marks
	broken   // something stands behind a quotation mark
)

// cutter takes rows apart. Its cells hold until the next row.
type cutter struct {
	cells   [][]byte
	scratch []byte // of cells with doubled quotation marks
}

func (c *cutter) cut(row []byte) int {
	c.cells, c.scratch = c.cells[:0], c.scratch[:0]
	for {
		if len(row) == 0 || row[0] != '"' {
			i := bytes.IndexByte(row, ',')
			if i < 0 {
				c.cells = append(c.cells, row)
				return whole
			}
			c.cells = append(c.cells, row[:i])
			row = row[i+1:]
			continue
		}
		end, doubled := closing(row)
		if end < 0 {
			return unclosed
		}
		cell := row[1:end]
		if doubled {
			from := len(c.scratch)
			for {
				i := bytes.Index(cell, []byte(`""`))
				if i < 0 {
					break
				}
				c.scratch = append(c.scratch, cell[:i+1]...)
				cell = cell[i+2:]
			}
			c.scratch = append(c.scratch, cell...)
			cell = c.scratch[from:]
		}
		c.cells = append(c.cells, cell)
		row = row[end+1:]
		if len(row) == 0 {
			return whole
		}
		if row[0] != ',' {
			return broken
		}
		row = row[1:]
	}
}

// closing finds the quotation mark that ends the cell at the start of row, -1
// if there is none.
func closing(row []byte) (end int, doubled bool) {
	for i := 1; ; i++ {
		j := bytes.IndexByte(row[i:], '"')
		if j < 0 {
			return -1, doubled
		}
		if i += j; i+1 == len(row) || row[i+1] != '"' {
			return i, doubled
		}
		doubled = true
		i++
	}
}

// csvReader reads rows.
type csvReader struct {
	lines  lines
	cutter cutter
	// check tells whether a row of several lines is one, by its cells.
	check func(cells [][]byte) bool
}

// next returns the cells of the next row that is not blank, and its line. bad
// is the code of a problem with it.
func (c *csvReader) next() (cells [][]byte, n int64, bad string, err error) {
	for {
		l, err := c.lines.next()
		switch {
		case err != nil:
			return nil, 0, "", err
		case l.long:
			return nil, l.n, BadLength, nil
		case len(bytes.TrimSpace(l.text)) == 0:
			continue
		}
		state := c.cutter.cut(l.text)
		if state == unclosed {
			state = c.join(l.text)
		}
		if state != whole {
			return nil, l.n, BadQuotes, nil
		}
		return c.cutter.cells, l.n, "", nil
	}
}

// join tries whether the row goes on in the next lines. If not, they stay rows
// of their own.
func (c *csvReader) join(first []byte) int {
	joined := bytes.Clone(first) // peeking makes first invalid
	for i := range maxJoin {
		l, ok := c.lines.peek(i)
		if !ok || l.long || len(joined)+len(l.text) > maxJoined {
			return unclosed
		}
		joined = append(append(joined, '\n'), l.text...)
		switch c.cutter.cut(joined) {
		case broken:
			return broken
		case whole:
			if !c.check(c.cutter.cells) {
				return broken
			}
			c.lines.back = c.lines.back[i+1:]
			return whole
		}
	}
	return unclosed
}

// text decodes a cell: UTF-8, or Shift_JIS where it is none. What is neither
// keeps its bytes. (No byte of a Shift_JIS character is a comma, a quotation
// mark or the end of a line, so cells can be told apart before.)
func text(cell []byte) string {
	if utf8.Valid(cell) {
		return string(cell)
	}
	if s, err := japanese.ShiftJIS.NewDecoder().Bytes(cell); err == nil && !bytes.ContainsRune(s, utf8.RuneError) {
		return string(s)
	}
	return string(cell)
}

// blank reports whether a cell says nothing.
func blank(s string) bool {
	s = strings.TrimSpace(s)
	return s == "" || s == "-" || s == "--"
}

// csv reads a CSV file.
func (rd *reader) csv(src *bufio.Reader) error {
	c := &csvReader{lines: lines{r: src}, check: func([][]byte) bool { return true }}
	f, roles, err := rd.header(c)
	if f == nil || err != nil {
		return err
	}
	width, full := len(roles), len(c.cutter.cells) // full: with the blank cells that the header ends in
	fits := func(cells [][]byte) bool {
		return len(cells) == width || len(cells) == full && restBlank(cells[width:])
	}
	c.check = fits
	var times, ids []int
	for i, role := range roles {
		switch role {
		case "placed_at", "filled_at", "at":
			times = append(times, i)
		case "id", "ref", "txid":
			ids = append(ids, i)
		}
	}
	at := make([]time.Time, 0, len(times))
	idTexts := make([]string, 0, len(ids))
	for {
		cells, n, bad, err := c.next()
		if err != nil {
			if err == io.EOF {
				err = nil
			}
			return err
		}
		if bad == "" && !fits(cells) {
			if sentence, only := onlyCell(cells); only && rd.res.Rows+rd.res.Damaged == 0 {
				rd.res.Sentence = sentence
				continue
			}
			bad = BadColumns
		}
		if bad != "" {
			rd.problem(n, bad, "")
			continue
		}
		at, idTexts = at[:0], idTexts[:0]
		wrong := ""
		for _, i := range times {
			if len(bytes.TrimSpace(cells[i])) == 0 {
				continue
			}
			if t, own, ok := moment(string(cells[i]), rd.zone); ok {
				at = append(at, t)
				rd.bare(own)
			} else {
				wrong = text(cells[i])
			}
		}
		if sentence, only := onlyCell(cells); only && len(at) == 0 && rd.res.Rows+rd.res.Damaged == 0 {
			rd.res.Sentence = sentence
			continue
		}
		if len(rd.q.IDs) > 0 {
			for _, i := range ids {
				idTexts = append(idTexts, strings.TrimSpace(string(cells[i])))
			}
		}
		wanted := rd.wants(at, idTexts)
		if wrong != "" && !blank(wrong) && (wanted || rd.byTime()) {
			rd.problem(n, BadTime, wrong)
		}
		if !wanted || !rd.emits() {
			continue
		}
		row := make([]cell, 0, width)
		for i, v := range cells[:width] {
			row = append(row, cell{roles[i], rd.res.Header[i], text(v)})
		}
		rd.emit(f, n, row)
	}
}

func restBlank(cells [][]byte) bool {
	return !slices.ContainsFunc(cells, func(c []byte) bool { return len(bytes.TrimSpace(c)) > 0 })
}

// onlyCell returns what stands in the first cell if nothing stands in others.
func onlyCell(cells [][]byte) (string, bool) {
	if !restBlank(cells[1:]) {
		return "", false
	}
	s := strings.TrimSpace(text(cells[0]))
	return s, s != ""
}

// header finds the row that is a known header. If there is none, the first of
// the rows with the most cells is shown as what may be one.
func (rd *reader) header(c *csvReader) (*format, []string, error) {
	for range headerWithin {
		cells, n, bad, err := c.next()
		if err == io.EOF {
			return nil, nil, nil
		}
		if err != nil {
			return nil, nil, err
		}
		if bad != "" {
			continue
		}
		header := make([]string, len(cells))
		for i, cell := range cells {
			header[i] = strings.TrimSpace(text(cell))
		}
		for len(header) > 1 && header[len(header)-1] == "" {
			header = header[:len(header)-1]
		}
		f, roles, zone := rd.book.match(header)
		if f != nil || len(header) > len(rd.res.Header) {
			rd.res.Header, rd.res.Line = header, n
		}
		if f != nil {
			rd.begin(f, zone)
			return f, roles, nil
		}
	}
	_, err := io.Copy(io.Discard, c.lines.r)
	return nil, nil, err
}
