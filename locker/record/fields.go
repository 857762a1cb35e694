package record

import "strings"

// A Type says what a record is about.
type Type string

// The types of format v1. A type that is not among them was written by a newer
// program.
const (
	Incident Type = "incident" // facts about the incident; later ones add or override
	Attempt  Type = "attempt"  // what the person tried and what came back
	Account  Type = "account"  // an account of the person's
	Order    Type = "order"
	Transfer Type = "transfer" // coins or yen moved on a network
	Bank     Type = "bank"     // a bank transfer or bank account
	Loss     Type = "loss"
	Actor    Type = "actor" // an address, mail, phone, URL, handle of the other side
	Evidence Type = "evidence"
	Note     Type = "note"
	Contact  Type = "contact" // a talk with support, police or bank
	Under    Type = "under"   // records of another incident that belong here too
	Action   Type = "action"  // a first-response step that was done
	Custody  Type = "custody" // report made, files extracted, backup begun
	Reporter Type = "reporter"
	KeyType  Type = "key"
	Retract  Type = "retract"
	// DeviceType enrols a further device key.
	DeviceType Type = "device"
)

// A Kind says what a field holds.
type Kind int

// The kinds of fields.
const (
	KindText Kind = iota
	KindTime
	KindAmount
	KindList
	KindInt
	KindName
)

// A Field is one known field of a type. If Multi is set, several records of
// the type each add a value; otherwise the newest counts.
type Field struct {
	Name  string
	Kind  Kind
	Multi bool
}

// schema lists the fields of each type in their order. After a name: "@" a
// time, "#" an amount, "[]" a list, "%" a number, "&" a file name as its
// system gave it, "+" a field that adds up.
var schema = []struct {
	t      Type
	fields string
}{
	{Incident, "title exchange kind+ phase started_at@ ended_at@ noticed_at@ noticed_how place url error_text error_code summary narrative+ opinion+ request suspected_from@ suspected_to@ last_ok_at@ first_bad_at@ own_ip isp current_risk"},
	{Attempt, "what saw from@ until@ times% side quantity pair price note"},
	{Account, "exchange number user_id email login_id name note"},
	{Order, "id exchange pair side type quantity price filled average_price placed_at@ filled_at@ at@ status intended slippage note file line%"},
	{Transfer, "direction amount# fee# network txid from[] to memo at@ status service explorer_url value# value_source note file line%"},
	{Bank, "direction bank branch kind number holder amount# at@ reference note file line%"},
	{Loss, "amount# attempted executed difference value# value_source value_at@ at@ note"},
	{Actor, "name address email phone url domain ip handle app bank_account note"},
	{Evidence, "name name_raw& media_type modified@ at@ url source captured_by note width% height% taken made_with mail_from mail_to[] mail_subject mail_date mail_id mail_hops[] mail_files[]"},
	{Note, "text at@"},
	{Contact, "with channel direction inquiry_no at@ text reply officer station outcome due@"},
	{Under, "incident% seqs[]"},
	{Action, "step text at@ result guide"},
	{Custody, "action for format lang name sha256 size% head seqs[] note"},
	{Reporter, "name kana address phone phone_kind email age occupation birth_date victim_name note"},
	{KeyType, "n%"},
	{DeviceType, "name key"},
	{Retract, "id seq% why"},
}

// Types returns the known types in their order.
func Types() []Type {
	out := make([]Type, len(schema))
	for i, s := range schema {
		out[i] = s.t
	}
	return out
}

// FieldsOf returns the known fields of a type in their order, nil if the type
// is not known.
func FieldsOf(t Type) []Field {
	for _, s := range schema {
		if s.t != t {
			continue
		}
		var out []Field
		for _, word := range strings.Fields(s.fields) {
			name := strings.TrimRight(word, "@#[]%&+")
			f := Field{Name: name}
			switch mark := word[len(name):]; mark {
			case "@":
				f.Kind = KindTime
			case "#":
				f.Kind = KindAmount
			case "[]":
				f.Kind = KindList
			case "%":
				f.Kind = KindInt
			case "&":
				f.Kind = KindName
			case "+":
				f.Multi = true
			}
			out = append(out, f)
		}
		return out
	}
	return nil
}

// LookupField finds a field by its path, "account.user_id".
func LookupField(path string) (Type, Field, bool) {
	t, name, _ := strings.Cut(path, ".")
	for _, f := range FieldsOf(Type(t)) {
		if f.Name == name {
			return Type(t), f, true
		}
	}
	return "", Field{}, false
}
