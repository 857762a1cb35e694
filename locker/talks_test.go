package locker

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"evidence-locker/locker/record"
)

// contacts makes incidents of contact records, written "field=value;..." each,
// recorded an hour after another; "at" and "due" are hours, and "why" withdraws.
// "2|" before a record puts it into incident 2 instead of 1; "exchange" is one of
// the incident, and "move" brings the record of that number there.
func contacts(t *testing.T, lines ...string) []*Incident {
	t.Helper()
	begin := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	var all []*Incident
	for n := range 3 {
		all = append(all, &Incident{Number: n + 1})
	}
	under := map[string]int{} // which incident a record is of
	for i, line := range lines {
		in := all[0]
		if number, rest, ok := strings.Cut(line, "|"); ok {
			in, line = all[number[0]-'1'], rest
		}
		seq := strconv.Itoa(i + 1)
		under[seq] = in.Number
		r := &Record{Known: true, Record: record.Record{Seq: int64(i + 1), Incident: in.Number, Type: record.Contact, Fields: record.Fields{},
			RecordedAt: begin.Add(time.Duration(i+1) * time.Hour)}}
		for _, pair := range strings.Split(line, ";") {
			name, value, ok := strings.Cut(pair, "=")
			if !ok {
				t.Fatal(pair)
			}
			var hours int
			switch name {
			case "at", "due":
				fmt.Sscan(value, &hours)
				r.Fields[name] = record.Time{At: begin.Add(time.Duration(hours) * time.Hour)}
			case "why":
				r.Retracted = &Record{}
			case "exchange":
				r.Type = record.Incident
				r.Fields[name] = record.Text(value)
			case "move":
				r.Type = record.Under
				r.Fields["incident"], r.Fields["seqs"] = record.Int(under[value]), record.List{record.Text(value)}
			default:
				r.Fields[name] = record.Text(value)
			}
		}
		in.Records = append(in.Records, r)
	}
	return all
}

// told writes talks as "with number waiting:SEQ due:SEQ unsure:SEQ
// elsewhere:SEQ", with the incident before it if that is not 1.
func told(talks []*Talk) string {
	var lines []string
	for _, t := range talks {
		line := t.With + " " + t.Number
		if t.Incident != 1 {
			line = fmt.Sprintf("%d|%s", t.Incident, line)
		}
		if t.Waiting != nil {
			line += fmt.Sprintf(" waiting:%d", t.Waiting.Seq)
		}
		for _, r := range t.Due {
			line += fmt.Sprintf(" due:%d", r.Seq)
		}
		for _, r := range t.Unsure {
			line += fmt.Sprintf(" unsure:%d", r.Seq)
		}
		for _, r := range t.Elsewhere {
			line += fmt.Sprintf(" elsewhere:%d", r.Seq)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

func TestTalks(t *testing.T) {
	for _, c := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"a question waits", []string{"with=support;direction=out;text=q"}, "support  waiting:1"},
		{"so does a bare inquiry number", []string{"inquiry_no=123"}, " 123 waiting:1"},
		{"from its first message on", []string{"with=support;direction=out", "with=support;direction=out"}, "support  waiting:1"},
		{"a reply ends it", []string{"with=support;direction=out", "with=support;direction=in"}, "support "},
		{"a call that was answered does not wait", []string{"with=support;direction=out;reply=yes"}, "support "},
		{"and a further question waits anew", []string{"with=support;direction=out", "with=support;reply=r", "with=support;direction=out"}, "support  waiting:3"},
		{"a clock alone asks nothing", []string{"inquiry_no=1;with=support;reply=r", "inquiry_no=1;due=9"}, "support 1 due:2"},
		{"by inquiry number, however it is spelled", []string{"with=support;inquiry_no=AB-12;direction=out", "with=support;inquiry_no=77;direction=out", "inquiry_no=ａｂ12;reply=r"},
			"support AB-12\nsupport 77 waiting:2"},
		{"one number at two desks is two talks", []string{"with=support;inquiry_no=1;direction=out;due=9", "with=police;inquiry_no=1;outcome=o"},
			"support 1 waiting:1 due:1\npolice 1"},
		{"without a number, by the desk", []string{"with=support;direction=out;due=9", "with=police;direction=out", "with=警察;reply=r"},
			"support  waiting:1 due:1\npolice "},
		{"an answer brings the number", []string{"with=support;direction=out", "with=support;inquiry_no=5;direction=in;text=received", "inquiry_no=5;direction=out"},
			"support 5 waiting:3"},
		{"but never to another numbered talk", []string{"with=support;inquiry_no=4;direction=out", "with=support;inquiry_no=5;direction=in"},
			"support 4 waiting:1\nsupport 5"},
		{"a question with a new number is a new talk", []string{"with=support;direction=out", "with=support;inquiry_no=5;direction=out"},
			"support  waiting:1\nsupport 5 waiting:2"},
		{"of several open talks none is guessed", []string{"with=support;inquiry_no=4;direction=out;due=9", "with=support;inquiry_no=5;direction=out", "with=support;outcome=refunded"},
			"support 4 waiting:1 due:1\nsupport 5 waiting:2\nsupport  unsure:3"},
		{"and once all are over it does not matter", []string{"with=bank;inquiry_no=4;direction=out", "with=bank;inquiry_no=5;direction=out", "with=bank;outcome=o", "inquiry_no=4;outcome=o", "inquiry_no=5;outcome=o"},
			"bank 4\nbank 5\nbank "},
		{"one that is over is no candidate", []string{"with=support;inquiry_no=4;direction=out;due=9", "inquiry_no=4;outcome=o", "with=support;inquiry_no=5;direction=out;due=9", "with=support;outcome=refunded"},
			"support 4\nsupport 5"},
		{"an outcome ends clocks", []string{"with=support;inquiry_no=4;direction=out;due=9", "inquiry_no=4;due=10", "inquiry_no=4;outcome=o"}, "support 4"},
		{"a reply does not", []string{"with=support;inquiry_no=4;direction=out;due=9", "inquiry_no=4;reply=wait"}, "support 4 due:1"},
		{"nor does one with a due time of its own hide the former", []string{"with=support;inquiry_no=4;due=9;direction=in", "inquiry_no=4;due=20;direction=in"}, "support 4 due:1 due:2"},
		{"a due time with an outcome is the next clock", []string{"with=support;inquiry_no=4;due=9;direction=in", "inquiry_no=4;outcome=refused;due=20"}, "support 4 due:2"},
		{"what is asked after an outcome is open", []string{"with=support;inquiry_no=4;outcome=o", "inquiry_no=4;direction=out"}, "support 4 waiting:2"},
		{"the order is that of the talks, not of recording", []string{"with=support;inquiry_no=4;reply=r;at=0", "inquiry_no=4;direction=out;at=-5"}, "support 4"},
		{"what was withdrawn does not count", []string{"with=support;direction=out;due=9", "with=support;reply=r;outcome=o;why=x"}, "support  waiting:1 due:1"},
		{"without a desk the one open talk is meant", []string{"with=bank;direction=out", "reply=r"}, "bank "},
		{"an outcome under another incident ends the talk that has its number", []string{"with=support;inquiry_no=4;direction=out;due=9", "2|inquiry_no=4;outcome=o"}, "support 4 elsewhere:2"},
		{"so does a reply, and what is asked there waits", []string{"inquiry_no=4;direction=out", "2|inquiry_no=４;reply=r", "2|inquiry_no=4;text=and"}, " 4 waiting:3 elsewhere:2 elsewhere:3"},
		{"with the support of the same exchange, or of one that nobody named", []string{"exchange=bitbank", "with=support;inquiry_no=4;direction=out", "2|exchange=BITBANK", "2|with=support;inquiry_no=4;reply=r", "3|with=support;inquiry_no=4;reply=r"},
			"support 4 elsewhere:4 elsewhere:5"},
		{"but not of another", []string{"exchange=bitbank", "with=support;inquiry_no=4;direction=out", "2|exchange=kraken", "2|with=support;inquiry_no=4;outcome=o"}, "support 4 waiting:2\n2|support 4"},
		{"nor of another desk", []string{"with=support;inquiry_no=4;direction=out", "2|with=police;inquiry_no=4;outcome=o"}, "support 4 waiting:1\n2|police 4"},
		{"its own incident comes first", []string{"exchange=bitbank", "with=support;inquiry_no=4;direction=out", "2|exchange=kraken", "2|with=support;inquiry_no=4;direction=out", "2|inquiry_no=4;outcome=o"},
			"support 4 waiting:2\n2|support 4"},
		{"of two other incidents none is guessed", []string{"exchange=bitbank", "with=support;inquiry_no=4;direction=out", "2|exchange=kraken", "2|with=support;inquiry_no=4;direction=out", "3|inquiry_no=4;outcome=o"},
			"support 4 waiting:2\n2|support 4 waiting:4\n3| 4 unsure:5"},
		{"without a number nothing is looked for elsewhere", []string{"with=support;direction=out", "2|with=support;outcome=o"}, "support  waiting:1\n2|support "},
		{"what was brought in is of both", []string{"with=support;direction=out", "2|with=support;outcome=o", "move=2"}, "support "},
		{"and not elsewhere", []string{"with=support;inquiry_no=4;direction=out", "2|inquiry_no=4;outcome=o", "move=2"}, "support 4"},
		{"it is meant for where it was brought", []string{"with=support;direction=out", "2|with=support;direction=out", "2|with=support;outcome=o", "move=3"}, "support \n2|support  waiting:2"},
		{"unless that is withdrawn", []string{"with=support;direction=out", "2|with=support;outcome=o", "move=2;why=x"}, "support  waiting:1\n2|support "},
		{"a time that is text is no clock", []string{"with=bank;direction=in;station=x"}, "bank "},
	} {
		if got := told(Talks(contacts(t, c.lines...))); got != c.want {
			t.Errorf("%s:\n%s\nwant:\n%s", c.name, got, c.want)
		}
	}
}

func TestParty(t *testing.T) {
	for name, want := range map[string]string{"サポート": "support", "POLICE": "police", "警察署": "police", "弁護士": "lawyer", "JVCEA": "", "": ""} {
		if got, ok := Party(name); got != want || ok != (want != "") {
			t.Errorf("%q: %q, %v", name, got, ok)
		}
	}
	if near := PartyNear("polise"); len(near) == 0 || near[0] != "police" {
		t.Errorf("polise: %v", near)
	}
	for name, want := range map[string]string{"受信": "in", "OUT": "out", "送信": "out", "sideways": ""} {
		if got, _ := Direction(name); got != want {
			t.Errorf("%q: %q", name, got)
		}
	}
}
