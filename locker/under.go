package locker

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"evidence-locker/crypto"
	"evidence-locker/locker/record"
)

// IncidentOf returns the number of the incident that a record was recorded
// under, without the key. It returns ErrNoRecord if there is no such record.
func (v *Vault) IncidentOf(ctx context.Context, seq int64) (int, error) {
	n, err := v.incidentOf(ctx, seq)
	if seq < 1 || errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("%w: %d", ErrNoRecord, seq)
	}
	return n, sqlError("reading record", err)
}

// Move records under incident to that records of other incidents belong there
// too: nothing moves, and the key is not needed. Records of that incident
// itself and of the person are left out. It returns one record for each
// incident that the others are of; none if nothing is left. It returns
// ErrNoRecord or ErrNoIncident, and then has recorded nothing.
func (v *Vault) Move(ctx context.Context, seqs []int64, to int) (made []Recorded, err error) {
	numbers, err := v.IncidentNumbers(ctx)
	if err != nil {
		return nil, err
	}
	if !slices.Contains(numbers, to) {
		return nil, fmt.Errorf("%w: %d", ErrNoIncident, to)
	}
	from := map[int][]int64{}
	for _, seq := range seqs {
		n, err := v.IncidentOf(ctx, seq)
		if err != nil {
			return nil, err
		}
		if n != to && n != 0 && !slices.Contains(from[n], seq) {
			from[n] = append(from[n], seq)
		}
	}
	var entries []*entry
	for _, n := range slices.Sorted(maps.Keys(from)) {
		slices.Sort(from[n])
		var list record.List
		for _, seq := range from[n] {
			list = append(list, record.Text(strconv.FormatInt(seq, 10)))
		}
		entries = append(entries, &entry{typ: record.Under, body: record.Fields{"incident": record.Int(n), "seqs": list}})
	}
	if len(entries) == 0 {
		return nil, nil
	}
	if _, err := v.append(ctx, target{Target: Target{Number: to}, fixed: true}, entries); err != nil {
		return nil, fmt.Errorf("moving records: %w", err)
	}
	for _, e := range entries {
		made = append(made, Recorded{Seq: e.seq, Incident: to, Fact: Fact{e.typ, e.body}})
	}
	return made, nil
}

// bound are the types that belong to the incident they were recorded under and
// to no other: they are about its records, not about what happened.
var bound = []record.Type{record.Retract, record.Custody, record.KeyType, record.DeviceType, record.Under, record.Reporter}

// named returns the records that the incident's under records name, by their
// incident and number, each with the record that names it.
func (in *Incident) named() map[int]map[int64]*Record {
	named := map[int]map[int64]*Record{}
	for _, u := range in.All(record.Under) {
		n, ok := u.Fields["incident"].(record.Int)
		if !ok || n < 1 || int(n) == in.Number {
			continue
		}
		seqs, _ := u.Fields["seqs"].(record.List)
		for _, s := range seqs {
			seq, err := strconv.ParseInt(string(s), 10, 53)
			if err != nil || seq < 1 {
				continue
			}
			if named[int(n)] == nil {
				named[int(n)] = map[int64]*Record{}
			}
			named[int(n)][seq] = u
		}
	}
	return named
}

// bringIn adds the records that the incident's under records name, and no
// other. Each knows by which of them it came and whether it was withdrawn in
// its own incident; what under records there name does not come along.
func (v *Vault) bringIn(ctx context.Context, k *crypto.Key, in *Incident) error {
	named := in.named()
	for _, n := range slices.Sorted(maps.Keys(named)) {
		records, damaged, err := v.openAll(ctx, k, n, func(r *Record) bool { return named[n][r.Seq] != nil })
		if err != nil {
			return err
		}
		there := &Incident{Number: n, Records: records}
		there.markRetracted()
		for _, r := range there.Records {
			if u := named[n][r.Seq]; u != nil {
				delete(named[n], r.Seq)
				if !slices.Contains(bound, r.Type) {
					r.Under = u
					in.Records = append(in.Records, r)
				}
			}
		}
		for _, d := range damaged {
			if named[n][d.Seq] != nil {
				delete(named[n], d.Seq)
				in.addDamage(d)
			}
		}
		for _, seq := range slices.Sorted(maps.Keys(named[n])) {
			in.addDamage(Damage{Seq: seq, Err: fmt.Errorf("%w: record %d names it and it is not in incident %d", ErrDamaged, named[n][seq].Seq, n), Absent: true})
		}
	}
	if len(named) > 0 {
		slices.SortStableFunc(in.Records, func(x, y *Record) int { return int(x.Seq - y.Seq) })
	}
	return nil
}

func (in *Incident) addDamage(d Damage) {
	if !slices.ContainsFunc(in.Damaged, func(have Damage) bool { return have.Seq == d.Seq }) {
		in.Damaged = append(in.Damaged, d)
	}
}
