package main

import (
	"maps"

	"evidence-locker/locker/record"
)

// kindName names a kind of trouble for people: by its key in English, elsewhere
// in their language with the key, which is what commands take.
// Of a name that does not fit width columns with it, the name is cut.
func (e *env) kindName(key string, width int) string {
	if e.ui.lang == "en" {
		return key
	}
	_, book := e.books()
	k, ok := book.Lookup(key)
	if name := k.Name(string(e.ui.lang)); ok && name != key {
		return cut(name, max(minColumn, width-len(key)-len(" ()"))) + " (" + key + ")"
	}
	return key
}

// wordNames say what the keys mean that records hold in a field, by type and
// field.
var wordNames = map[record.Type]map[string]map[string]string{
	record.Contact:  {"with": partyNames, "direction": directionNames},
	record.Transfer: {"direction": {"in": "word.received", "out": "word.sent"}},
	record.Bank:     {"direction": {"in": "word.paid-in", "out": "word.paid-out"}},
	record.Attempt:  {"side": sideNames},
	record.Order:    {"side": sideNames},
}

var sideNames = map[string]string{"buy": "word.buy", "sell": "word.sell"}

// worded returns a record's fields as they are shown: a kind by its name, and
// what is a key for the program in words. In English the key is the word.
func (u *ui) worded(t record.Type, f record.Fields) record.Fields {
	if u.lang == "en" {
		return f
	}
	shown := maps.Clone(f)
	for field, v := range f {
		key, ok := v.(record.Text)
		if !ok {
			continue
		}
		if t == record.Incident && field == "kind" {
			shown[field] = record.Text(u.kindName(string(key), helpWidth))
		} else if name, ok := wordNames[t][field][string(key)]; ok {
			shown[field] = record.Text(u.lang.msg(name))
		}
	}
	return shown
}
