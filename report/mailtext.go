package report

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/htmlindex"
)

// maxMailDepth is how deep parts of a mail may lie within each other.
const maxMailDepth = 8

// A mailText is the text of a mail as its reader saw it.
type mailText struct {
	text  string
	media string // "text/plain", or "text/html", whose source it then is
}

// mailBody decodes the text of a mail whose source cannot be read as it stands:
// one in base64, quoted-printable or a character set of its own. Plain text is
// preferred to HTML. It reports false if there is none, if the source says the
// same, or if it cannot be decoded to its end. The packages of the standard
// library that take mails apart bring the network with them, so it does so
// itself.
func mailBody(raw []byte) (mailText, bool) {
	source := strings.ReplaceAll(string(raw), "\r\n", "\n")
	var html mailText
	plain, ok := findText(strings.TrimPrefix(source, "\ufeff"), 0, &html)
	if !ok {
		plain, ok = html, html.text != ""
	}
	if !ok || strings.Contains(source, strings.TrimSpace(plain.text)) {
		return mailText{}, false
	}
	return plain, true
}

// findText looks for the first plain text of a part, and keeps the first HTML
// that it passes.
func findText(part string, depth int, html *mailText) (mailText, bool) {
	head, body, _ := strings.Cut(part, "\n\n")
	if strings.HasPrefix(part, "\n") { // a part may have no header
		head, body = "", part[1:]
	}
	field := func(name string) string { return headerLine(head, name) }
	media, params, err := mime.ParseMediaType(field("Content-Type"))
	if err != nil {
		media = "text/plain" // the default of RFC 2045
	}
	if disposition, _, _ := mime.ParseMediaType(field("Content-Disposition")); disposition == "attachment" || depth > maxMailDepth {
		return mailText{}, false
	}
	if strings.HasPrefix(media, "multipart/") {
		for _, p := range mailParts(body, params["boundary"]) {
			if t, ok := findText(p, depth+1, html); ok {
				return t, true
			}
		}
		return mailText{}, false
	}
	if media != "text/plain" && (media != "text/html" || html.text != "") {
		return mailText{}, false
	}
	var r io.Reader = strings.NewReader(body)
	switch strings.ToLower(field("Content-Transfer-Encoding")) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, r)
	case "quoted-printable":
		r = quotedprintable.NewReader(r)
	}
	charset := params["charset"]
	if charset == "" {
		charset = "utf-8"
	}
	e, err := htmlindex.Get(charset)
	if err != nil {
		return mailText{}, false
	}
	text, err := io.ReadAll(e.NewDecoder().Reader(r))
	if err != nil || len(bytes.TrimSpace(text)) == 0 || bytes.ContainsRune(text, utf8.RuneError) {
		return mailText{}, false // it is not in the character set that it says
	}
	t := mailText{strings.ReplaceAll(string(text), "\r\n", "\n"), media}
	if media == "text/html" {
		*html = t
		return mailText{}, false
	}
	return t, true
}

// mailParts cuts the body of a multipart at its boundary lines.
func mailParts(body, boundary string) (parts []string) {
	if boundary == "" {
		return nil
	}
	var part []string
	within := false
	for line := range strings.SplitSeq(body, "\n") {
		mark, is := strings.CutPrefix(strings.TrimRight(line, " \t"), "--"+boundary)
		if is = is && (mark == "" || mark == "--"); !is {
			part = append(part, line)
			continue
		}
		if within {
			parts = append(parts, strings.Join(part, "\n"))
		}
		if part, within = nil, true; mark == "--" {
			return parts
		}
	}
	return parts // what has no end is not a part
}
