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

// worded returns a record's fields as they are shown: a kind by its name.
func (u *ui) worded(t record.Type, f record.Fields) record.Fields {
	key, ok := f["kind"].(record.Text)
	if !ok || t != record.Incident {
		return f
	}
	f = maps.Clone(f)
	f["kind"] = record.Text(u.kindName(string(key), helpWidth))
	return f
}
