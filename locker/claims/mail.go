package claims

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"net/textproto"
	"strings"

	"evidence-locker/locker/record"

	"golang.org/x/text/encoding/htmlindex"
)

const (
	headerLimit = 20_000 // header fields that are looked at
	depthLimit  = 5      // of parts within parts
	partLimit   = 200    // in all
)

// words decodes RFC 2047 in the character sets that mail uses.
var words = mime.WordDecoder{CharsetReader: func(charset string, r io.Reader) (io.Reader, error) {
	name := strings.ToLower(charset)
	if number, ok := strings.CutPrefix(name, "cp"); ok { // as Windows calls them
		name = map[string]string{"932": "shift_jis", "936": "gbk", "949": "euc-kr", "950": "big5"}[number]
		if name == "" {
			name = "windows-" + number
		}
	}
	e, err := htmlindex.Get(name)
	if err != nil {
		return nil, fmt.Errorf("unknown character set %q", charset)
	}
	return e.NewDecoder().Reader(r), nil
}}

// decoded is a header's text for people. What cannot be decoded stays as it is.
func decoded(s string) string {
	if len(s) > 8*valueLimit {
		s = s[:8*valueLimit]
	}
	if d, err := words.DecodeHeader(s); err == nil {
		return d
	}
	return s
}

// mail reads the mail_ fields. A header that is there twice is given twice: one
// of them may be meant for the reader and the other for the program.
func mail(f record.Fields, head []byte, whole bool) {
	head = bytes.TrimPrefix(head, []byte("\xef\xbb\xbf"))
	r := bufio.NewReader(bytes.NewReader(head))
	header, end := readHeader(r)
	if len(header) == 0 {
		return
	}
	set(f, "mail_from", strings.Join(addresses(header.all("From")), ", "))
	setList(f, "mail_to", append(addresses(header.all("To")), addresses(header.all("Cc"))...))
	set(f, "mail_subject", strings.Join(decodedAll(header.all("Subject")), " / "))
	set(f, "mail_date", strings.Join(header.all("Date"), " / "))
	set(f, "mail_id", strings.Join(header.all("Message-Id"), " / "))
	setList(f, "mail_hops", header.all("Received"))
	w := walker{left: partLimit, whole: whole}
	if end == nil {
		w.walk(header.first("Content-Type"), header.first("Content-Disposition"), r, 0)
	} else {
		w.ended(end)
	}
	if w.more {
		w.names = append(w.names, "…")
	}
	setList(f, "mail_files", w.names)
}

// setList puts values into a list. Where there are too many, the last one says
// how many are left out.
func setList(f record.Fields, name string, values []string) {
	var list record.List
	for _, v := range values {
		if v = short(v); v != "" {
			list = append(list, record.Text(v))
		}
	}
	if more := len(list) - listLimit; more > 0 {
		list = append(list[:listLimit:listLimit], record.Text(fmt.Sprintf("… (+%d)", more)))
	}
	if len(list) > 0 {
		f[name] = list
	}
}

type field struct{ name, value string }

// A header is the fields of a mail in their order.
type header []field

func (h header) all(name string) (values []string) {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			values = append(values, f.value)
		}
	}
	return values
}

func (h header) first(name string) string {
	for _, f := range h {
		if strings.EqualFold(f.name, name) {
			return f.value
		}
	}
	return ""
}

// errHeader says that a header is longer than is looked at.
var errHeader = errors.New("too many header fields")

// readHeader reads a header as far as it goes. The error says why its end was
// not reached.
func readHeader(r *bufio.Reader) (h header, err error) {
	lines := textproto.NewReader(r)
	for range headerLimit {
		line, err := lines.ReadContinuedLine()
		if line == "" && err == nil {
			return h, nil
		}
		name, value, ok := strings.Cut(line, ":")
		if ok && name != "" && !strings.ContainsAny(name, " \t") {
			h = append(h, field{name, strings.TrimSpace(value)})
		}
		if err != nil {
			return h, err
		}
	}
	return h, errHeader
}

func decodedAll(values []string) []string {
	out := make([]string, len(values))
	for i, v := range values {
		out[i] = decoded(v)
	}
	return out
}

// addresses lists the addresses of header fields, each with its name, or a field
// as it is if it cannot be read.
func addresses(values []string) (out []string) {
	p := netmail.AddressParser{WordDecoder: &words}
	for _, v := range values {
		list, err := p.ParseList(v)
		if err != nil {
			out = append(out, decoded(v))
			continue
		}
		for _, a := range list {
			if a.Name == "" {
				out = append(out, a.Address)
			} else {
				out = append(out, a.Name+" <"+a.Address+">")
			}
		}
	}
	return out
}

// A walker collects the names of what is attached to a mail.
type walker struct {
	names []string
	left  int  // parts that may still be looked at
	whole bool // the mail ends where what is read of it does
	more  bool // there may be more names
}

// ended notes why reading ended. A mail that just stops has no more names.
func (w *walker) ended(err error) {
	if !w.whole || !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		w.more = true
	}
}

// walk looks at a part and those within it.
func (w *walker) walk(contentType, disposition string, body io.Reader, depth int) {
	media, params, _ := mime.ParseMediaType(contentType)
	_, disp, err := mime.ParseMediaType(disposition)
	name := first(disp["filename"], params["name"])
	switch {
	case name != "":
	case err != nil && disposition != "": // it may hold a name that cannot be read
		name = disposition
	case depth > 0 && media == "message/rfc822":
		name = media
	}
	if name != "" {
		w.names = append(w.names, decoded(name))
	}
	if !strings.HasPrefix(media, "multipart/") || params["boundary"] == "" {
		return
	}
	if depth == depthLimit {
		w.more = true
		return
	}
	for parts := multipart.NewReader(body, params["boundary"]); ; {
		if w.left--; w.left < 0 {
			w.more = true
			return
		}
		p, err := parts.NextRawPart()
		if err == io.EOF { // at the closing boundary
			return
		}
		if err != nil {
			w.ended(err)
			return
		}
		w.walk(p.Header.Get("Content-Type"), p.Header.Get("Content-Disposition"), p, depth+1)
	}
}
