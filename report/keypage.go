package report

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"evidence-locker/report/typeset"
)

// A KeyPage is a sheet of paper with a vault's key and what to do with it.
type KeyPage struct {
	Key     string // AGE-SECRET-KEY-PQ-1...
	Vault   string // id
	Created time.Time
	Lang    string // "ja" or "en"
}

// A keySection is what to do with the key in one way.
type keySection struct {
	title, text string
	steps       []keyStep
}

type keyStep struct{ text, command string }

func (p KeyPage) s(ja, en string) string {
	if p.Lang == "ja" {
		return ja
	}
	return en
}

func (p KeyPage) title() string { return p.s("証拠保管庫の鍵", "Key of an evidence vault") }

func (p KeyPage) warning() (title, text string) {
	return p.s("この紙は秘密です", "This page is secret"),
		p.s("この紙と、保管庫またはバックアップの両方を持つ人は、中身をすべて読めます。パスフレーズを変えても鍵は変わらず、取り消すことはできません。旅券や印鑑と同じように、保管庫やバックアップとは別の場所に保管してください。この紙だけでは何も読めません。",
			"Whoever has this page and the vault, or a backup of it, can read everything in it. A new passphrase does not change the key, so this cannot be taken back. Keep the page like a passport, apart from the vault and its backups. The page alone opens nothing.")
}

func (p KeyPage) fields() [][2]string {
	return [][2]string{
		{p.s("保管庫ID", "Vault id"), p.Vault},
		{p.s("保管庫の作成", "Vault made on"), p.Created.Format("2006-01-02 15:04 -07:00")},
	}
}

func (p KeyPage) sections() []keySection {
	return []keySection{
		{
			p.s("locker で読む", "With locker"),
			p.s("鍵を KEY.txt というファイルに書きます（QR コードを読み取るか、手で打ちます）。空白、改行、大文字と小文字の違いは問いません。打ち間違いは検出されます。",
				"Write the key into a file KEY.txt: scan the QR code, or type it. Spaces, line breaks and small letters do not matter, and a mistake is noticed."),
			[]keyStep{
				{p.s("バックアップから復元する:", "To restore a backup:"), "locker restore BACKUP.locker --key-file KEY.txt"},
				{p.s("保管庫はあり、パスフレーズだけを忘れた:", "If the vault is there and only the passphrase is forgotten:"), "locker passwd --key-file KEY.txt"},
			},
		},
		{
			p.s("locker なしで読む（sqlite3 と age 1.3 以降）", "Without locker, with sqlite3 and age 1.3 or newer"),
			p.s("KEY.txt には鍵だけを、大文字で、空白を入れず、ハイフンは残して一行に書きます。空のフォルダーに BACKUP.locker と一緒に置き、そこで実行します。",
				"KEY.txt holds the key on one line: in capitals, without spaces, with its hyphens. Put it beside BACKUP.locker in an empty folder, and run there:"),
			[]keyStep{
				{p.s("1. 暗号化されたまま、すべてを取り出す:", "1. Take everything out, still sealed:"), `sqlite3 BACKUP.locker "
SELECT writefile(printf('%06d.age', seq), sealed) FROM record WHERE seq > 0;
SELECT writefile(object || printf('-%06d', n), data) FROM chunk"`},
				{p.s("2. 記録を開く（JSON になります）:", "2. Open the records; they are JSON:"), `for f in 0*.age; do age -d -i KEY.txt -o "${f%.age}.json" "$f"; done`},
				{p.s("3. ファイルを一つ開く（ID は記録の objects、名前は body にあります）:", `3. Open a file; its ID stands in a record under "objects", its name in "body":`),
					`cat ID-* | age -d -i KEY.txt -o FILE`},
			},
		},
	}
}

// groups cuts the key into pieces that can be typed.
func (p KeyPage) groups() (lines []string) {
	at := strings.LastIndexByte(p.Key, '1') + 1
	lines = append(lines, p.Key[:at])
	const size, perLine = 5, 6
	var words []string
	for rest := p.Key[at:]; rest != ""; {
		n := min(size, len(rest))
		words, rest = append(words, rest[:n]), rest[n:]
		if len(words) == perLine || rest == "" {
			lines, words = append(lines, strings.Join(words, " ")), nil
		}
	}
	return lines
}

// WritePDF writes the page as a PDF of one sheet.
func (p KeyPage) WritePDF(ctx context.Context, w io.Writer) error {
	title, warning := p.warning()
	blocks := []typeset.Block{
		typeset.Heading{Level: 1, Text: p.title()},
		typeset.Note{Title: title, Spans: typeset.Text(warning)},
	}
	var fields []typeset.Field
	for _, f := range p.fields() {
		fields = append(fields, typeset.Field{Label: f[0], Value: typeset.Code(f[1])})
	}
	var beside [][]typeset.Span
	for _, line := range p.groups() {
		beside = append(beside, []typeset.Span{{Text: line, Mono: true, Bold: true}})
	}
	blocks = append(blocks, typeset.Fields{LabelWidth: 30, Rows: fields},
		typeset.QR{Text: p.Key, MM: 44, Size: 12, Beside: beside})
	for _, s := range p.sections() {
		blocks = append(blocks, typeset.Heading{Level: 2, Text: s.title}, typeset.Paragraph{Spans: typeset.Text(s.text)})
		for _, step := range s.steps {
			blocks = append(blocks, typeset.Paragraph{Spans: typeset.Text(step.text)}, typeset.Mono{Text: step.command, Size: 8.5})
		}
	}
	d := &typeset.Document{Title: p.title(), Lang: p.Lang, Date: p.Created, Size: 9.5, Blocks: blocks,
		Margins: typeset.Margins{Left: 20, Right: 20, Top: 18, Bottom: 16},
		Footer:  []typeset.Span{{Text: p.s("保管庫 ", "vault ")}, {Text: p.Vault, Mono: true}}}
	if err := d.Write(ctx, w); err != nil {
		return fmt.Errorf("writing the key page as PDF: %w", err)
	}
	return nil
}

// WriteText writes the page as text. All of it but the key is comments, so that
// the file can be given to age, and to locker, as it is.
func (p KeyPage) WriteText(w io.Writer) error {
	var b strings.Builder
	line := func(s string) { b.WriteString(strings.TrimRight("# "+s, " ") + "\n") }
	paragraph := func(s string) {
		for _, l := range wrap(typeset.Text(s), columns-2) {
			line(l)
		}
	}
	title, warning := p.warning()
	line(p.title())
	line("")
	paragraph(title + p.s("。", ". ") + warning)
	line("")
	for _, f := range p.fields() {
		line(f[0] + ": " + f[1])
	}
	line("")
	line(p.s("手で打つための区切り:", "In groups, to be typed:"))
	for _, l := range p.groups() {
		line("  " + l)
	}
	b.WriteString(p.Key + "\n")
	for _, s := range p.sections() {
		line("")
		line(s.title)
		paragraph(s.text)
		for _, step := range s.steps {
			paragraph(step.text)
			for l := range strings.SplitSeq(step.command, "\n") {
				line("  " + l)
			}
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}
