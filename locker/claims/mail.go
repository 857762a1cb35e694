package claims

import (
	"fmt"
	"mime"
	netmail "net/mail"
	"strings"

	"evidence-locker/locker/claims/eml"
	"evidence-locker/locker/record"
)

// decoded is a header's text for people.
func decoded(s string) string { return eml.Decode(s[:min(len(s), 8*valueLimit)]) }

// mail reads the mail_ fields. A header that is there twice is given twice: one
// of them may be meant for the reader and the other for the program.
func mail(f record.Fields, head []byte, whole bool) {
	var header eml.Header
	var names []string // of what is attached
	end := eml.Walk(string(head), func(p eml.Part) bool {
		if p.Depth == 0 {
			header = p.Header
		}
		if name := attached(p); name != "" {
			names = append(names, decoded(name))
		}
		return true
	})
	if len(header) == 0 {
		return
	}
	if end == eml.Limited || end == eml.Stopped && !whole { // there may be more
		names = append(names, "…")
	}
	set(f, "mail_from", strings.Join(addresses(header.All("From")), ", "))
	setList(f, "mail_to", append(addresses(header.All("To")), addresses(header.All("Cc"))...))
	set(f, "mail_subject", strings.Join(decodedAll(header.All("Subject")), " / "))
	set(f, "mail_date", strings.Join(header.All("Date"), " / "))
	set(f, "mail_id", strings.Join(header.All("Message-Id"), " / "))
	setList(f, "mail_hops", header.All("Received"))
	setList(f, "mail_files", names)
}

// attached is the name of a part that is attached, "" of one that is not.
func attached(p eml.Part) string {
	disposition := p.Header.First("Content-Disposition")
	_, params, err := mime.ParseMediaType(disposition)
	switch name := first(params["filename"], p.Params["name"]); {
	case name != "":
		return name
	case err != nil && disposition != "": // it may hold a name that cannot be read
		return disposition
	case p.Depth > 0 && p.Media == "message/rfc822":
		return p.Media
	}
	return ""
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
	p := netmail.AddressParser{WordDecoder: &eml.Words}
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
