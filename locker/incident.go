package locker

import "evidence-locker/locker/record"

// An Incident is the records of one incident, in order of seq, retracted ones
// and all types included.
type Incident struct {
	Number  int
	Records []*Record
	Damaged []Damage // records that could not be read
}

// markRetracted joins each retracted record with the record that withdrew it.
// Both must be of the same incident: a record of one cannot hide another's.
func (in *Incident) markRetracted() {
	by := map[string]*Record{}
	for _, r := range in.Records {
		if r.Known && r.Type != record.Retract {
			by[r.ID] = r
		}
		if id, ok := r.Fields["id"].(record.Text); ok && r.Type == record.Retract {
			if target := by[string(id)]; target != nil && target.Retracted == nil {
				target.Retracted = r
			}
		}
	}
}

// All returns the records of a type that are not retracted.
func (in *Incident) All(t record.Type) (out []*Record) {
	for _, r := range in.Records {
		if r.Known && r.Type == t && r.Retracted == nil {
			out = append(out, r)
		}
	}
	return out
}

// Exhibits returns the evidence that is not retracted.
func (in *Incident) Exhibits() []*Record { return in.All(record.Evidence) }

// Value returns the newest value of a field of the incident's own facts, and
// the record it stands in; nil if nobody gave one.
func (in *Incident) Value(field string) (record.Value, *Record) {
	facts := in.All(record.Incident)
	for i := len(facts) - 1; i >= 0; i-- {
		if v, ok := facts[i].Fields[field]; ok {
			return v, facts[i]
		}
	}
	return nil, nil
}

// Choose is Value, but for what fits: the newest value that does counts before
// those that do not.
func (in *Incident) Choose(field string, fits func(string) bool) (record.Value, *Record) {
	facts := in.All(record.Incident)
	for i := len(facts) - 1; i >= 0; i-- {
		if v, ok := facts[i].Fields[field]; ok && fits(v.String()) {
			return v, facts[i]
		}
	}
	return in.Value(field)
}

// Text returns the newest value of a field of the incident's own facts as
// text, "" if there is none.
func (in *Incident) Text(field string) string {
	if v, _ := in.Value(field); v != nil {
		return v.String()
	}
	return ""
}

// Kinds returns the kinds of trouble in the order in which they were given,
// each once.
func (in *Incident) Kinds() (out []string) {
	seen := map[string]bool{}
	for _, r := range in.All(record.Incident) {
		if v, ok := r.Fields["kind"]; ok && !seen[v.String()] {
			seen[v.String()] = true
			out = append(out, v.String())
		}
	}
	return out
}
