package report

import (
	"fmt"
	"slices"
	"strings"

	"evidence-locker/locker"
	"evidence-locker/locker/record"
	"evidence-locker/report/typeset"
)

// withdrawn lists the records that were taken back with what they said and why.
// What a file's said is not repeated. Nothing is repeated of what tells who the
// person is: it stands on the separate sheet only; nor of an account, or of an
// order at another exchange than the reader. Who gets a part of the records
// only, gets nothing of the retracted ones.
func (b *builder) withdrawn() []typeset.Block {
	t := typeset.Table{Size: tableSize, Columns: []typeset.Column{
		{Head: b.s("記録", "Record"), MM: 15}, {Head: b.s("種類", "Kind"), MM: 17},
		{Head: b.s("取り消した内容", "What was retracted"), Width: 2},
		{Head: b.s("取り消しを記録した日時", "Retraction recorded"), MM: b.recordedWidth()}, {Head: b.s("理由", "Reason")},
	}}
	used(b.in, func(r *locker.Record) {
		if r.Retracted == nil {
			return
		}
		why := b.notShown()
		if !b.keptSecret(r) {
			why = b.or(b.value(r.Retracted, "why"))
		}
		t.Rows = append(t.Rows, []typeset.Cell{typeset.Text(fmt.Sprint(r.Seq)), typeset.Text(b.typeName(r.Type)), b.withdrawnContent(r),
			typeset.Text(b.stamp(r.Retracted.RecordedAt, b.whenCell)), why})
	})
	if len(t.Rows) == 0 {
		return nil
	}
	return []typeset.Block{t}
}

// keptSecret tells whether this reader gets neither the content of a retracted
// record nor the reason, which may repeat it.
func (b *builder) keptSecret(r *locker.Record) bool {
	return r.Type == "reporter" || r.Type == "account" && b.file.Exchange || len(b.file.LeavesOut) > 0 || b.elsewhere(r)
}

func (b *builder) withdrawnContent(r *locker.Record) typeset.Cell {
	var lines [][]typeset.Span
	if r.Known && r.Type != "evidence" && r.Type != "account" && !b.keptSecret(r) {
		for _, f := range record.FieldsOf(r.Type) {
			v := b.value(r, f.Name)
			switch {
			case len(v) == 0:
			case r.Type == "action" && f.Name == "guide": // the program's own key of the step
			case r.Type == "note" && f.Name == "text":
				lines = append(lines, v)
			default:
				label, ok := labels[string(r.Type)+"."+f.Name]
				if !ok {
					label = withdrawnLabels[f.Name]
				}
				if label[0] == "" {
					label = [2]string{f.Name, f.Name}
				}
				lines = append(lines, append([]typeset.Span{{Text: b.s(label[0], label[1]) + b.s("：", ": "), Muted: true}}, v...))
			}
		}
	}
	if len(lines) == 0 {
		return b.notShown()
	}
	return join("\n", lines...)
}

func (b *builder) notShown() typeset.Cell {
	return typeset.Cell{{Text: b.s("内容は示さない", "not shown"), Muted: true}}
}

// withdrawnLabels name the fields of those types that no section prints by
// their names.
var withdrawnLabels = map[string][2]string{
	"amount": {"資産・数量", "Asset and quantity"}, "value": {"当時の価格", "Value then"}, "value_source": {"価格の出所", "Source of the value"},
	"attempted": {"試み", "Attempted"}, "executed": {"実際", "Executed"}, "difference": {"差", "Difference"},
	"what": {"試みたこと", "Tried"}, "saw": {"画面の応答", "Response"}, "times": {"回数", "Times"},
	"side": {"売買", "Side"}, "quantity": {"数量", "Quantity"}, "pair": {"取引ペア", "Pair"}, "price": {"価格", "Price"},
	"step": {"措置", "Step"}, "result": {"結果", "Result"}, "text": {"内容", "Text"}, "note": {"備考", "Note"},
}

// annex names the records of a newer program version. What they say could be
// anything, the person's address too, so it stays out of the document.
func (b *builder) annex() []typeset.Block {
	seqs := b.unknown()
	if len(seqs) == 0 {
		return nil
	}
	return []typeset.Block{typeset.Paragraph{Spans: typeset.Text(fmt.Sprintf(b.s(
		"次の記録は新しい版のプログラムで書かれ、この版では解釈できないため、内容は本書にない。記録番号: %s",
		"These records were written by a newer version of the program and cannot be interpreted by this one, so what they say is not in this document. Record numbers: %s"),
		numbers(seqs)))}}
}

// custodyLog is only in reports that ask for it, and then changes them.
func (b *builder) custodyLog() []typeset.Block {
	if !b.custody {
		return nil
	}
	var out []typeset.Block
	for i, r := range b.with("custody") {
		rows := []typeset.Field{{Label: b.s("記録日時", "Recorded"), Value: typeset.Text(b.stamp(r.RecordedAt, b.when))}}
		for _, f := range record.FieldsOf("custody") {
			v := b.value(r, f.Name)
			if len(v) == 0 {
				continue
			}
			if w, ok := custodyWords[f.Name][plain(v)]; ok {
				v = typeset.Text(b.s(w[0], w[1]))
			}
			rows = append(rows, typeset.Field{Label: b.label("custody", f.Name), Value: v})
		}
		out = append(out, typeset.Heading{Level: 3, ID: itemID("custody", i+1),
			Text: fmt.Sprintf(b.s("取り扱い %d（%s）", "Custody %d (%s)"), i+1, b.rec(r))}, typeset.Fields{Keep: true, Rows: rows})
	}
	return out
}

// custodyWords are the values that the command line writes into custody
// records.
var custodyWords = map[string]map[string][2]string{
	"action": {"report": {"報告書の作成", "report made"}, "extract": {"資料の取り出し", "files taken out"}, "backup": {"控えの作成", "backup made"}},
	"for": {"support": {"取引所のサポート", "support desk"}, "police": {"警察（日本）", "police (Japan)"}, "ic3": {"FBI IC3", "FBI IC3"},
		"police-generic": {"警察（日本以外）", "police (outside Japan)"}, "freeze": {"送付先の取引所（凍結の依頼）", "receiving exchange (freeze request)"},
		"mica": {"EU の取引所（苦情）", "EU exchange (complaint)"}},
	"format": {"pdf": {"PDF", "PDF"}, "text": {"テキスト", "plain text"}, "csv": {"表（CSV）", "table (CSV)"}, "json": {"JSON", "JSON"}},
	"lang":   {"ja": {"日本語", "Japanese"}, "en": {"英語", "English"}},
}

// damage lists what could not be read.
func (b *builder) damage() []typeset.Block {
	if len(b.damaged) == 0 {
		return nil
	}
	return []typeset.Block{typeset.Paragraph{Spans: typeset.Text(fmt.Sprintf(
		b.s("読めなかった記録の番号: %s", "Numbers of the records that could not be read: %s"), numbers(b.damaged)))}}
}

// about says what the document is worth, and what it is not.
func (b *builder) about() []typeset.Block {
	var out []typeset.Block
	if len(b.none) > 0 {
		out = append(out, typeset.Paragraph{Spans: typeset.Text(b.s("次の項目には記録がない：", "Nothing is recorded under: ") +
			strings.Join(b.none, b.s("、", "; ")) + b.s("。", "."))})
	}
	vault, head := typeset.Printable(b.in.Vault), b.in.Head.String()
	if vault == "" {
		vault = b.notRecorded()
	}
	headSpan := typeset.Code(head)
	if b.in.Head.Size == 0 {
		headSpan = typeset.Text(b.notRecorded())
	}
	date := typeset.Text(b.notRecorded())
	if !b.date.IsZero() {
		date = typeset.Text(b.when(b.date))
		if b.dayOnly {
			date = typeset.Text(b.day())
		}
	}
	out = append(out, typeset.Fields{Rows: []typeset.Field{
		{Label: b.s("保管庫の番号", "Vault"), Value: typeset.Code(vault)},
		{Label: b.s("保管庫のヘッド", "Vault head"), Value: headSpan},
		{Label: b.s("本書の日付", "Date of this document"), Value: date},
		{Label: b.s("記録に使った版", "Recorded with"), Value: typeset.Text(b.tools())},
	}})
	said := []string{
		b.s("「保管庫」は、記録と資料の原本を暗号化して収めた、本人の手元のファイルである。資料の原本は、受け取ったままのバイト列で収めた。SHA-256 は、収めたときの原本の値である。本書の画像は原本から作った写しで、大きさや形式が違うことがある。写しを作るときに原本を読み出せなかった資料は、その資料の所にそう記した。窓口の仕組みが添付ファイルを変換することがあり、その場合、届いたファイルのハッシュ値は異なりうる。",
			"The vault is a file in the person's keeping that holds the records and the originals of the exhibits, encrypted. The originals were taken in byte for byte as they came, and each SHA-256 is that of the original as it was taken in. The pictures in this document are copies made from them and may differ in size and format. Where an original could not be read when its copy was to be made, the exhibit says so. A help desk may convert attachments, and the hash of what arrives may then differ."),
		b.s("ヘッドは、保管庫の記録の数と、その全部から計算した値である。記録が一つでも変われば値が変わるので、本書のヘッドと保管庫を照らせば、ここまでの記録がその後変わっていないことを確かめられる。",
			"The head is the number of records in the vault and a value computed from all of them. It changes if any record changes, so comparing this head with the vault shows that the records up to here were not changed since."),
		b.clock(),
		b.s("この記録は本人が自分の機器で付けたもので、それだけでは次のことを示さない。資料が誰によって作られたか、内容が真実か、記録日時の時計が正しかったか。保管庫と署名鍵の両方を持つ者は記録を作り直せる。作り直しは、別の所に残したヘッドと照らして初めて分かる。",
			"The person kept these records on a device of their own. By themselves they do not show who made an exhibit, whether what it shows is true, or that the clock was right. Whoever holds both the vault and its signing key can make the records anew; that is only noticed against a head that was kept elsewhere."),
		b.s("金額・数量は桁区切りのコンマを付けず（通貨記号の付いた金額は入力のまま）、番号は記録したとおりに、どれも全桁を示し、丸めも省略もしていない。「未記入」は記録がないこと、「該当なし」はその種の記録が一つもないことを示す。どちらも、事実がなかったことを示すものではない。",
			"Amounts and quantities are given without thousands separators (those typed with a currency sign as they were typed), identifiers as recorded, all with every digit, neither rounded nor shortened. “Not recorded” means that there is no such entry, “none” that there is no record of that kind at all. Neither says that there was nothing."),
	}
	if b.rounded {
		said = append(said, b.s("「約」を付けた割合は、小数第2位までに四捨五入した。差の金額と数量は丸めていない。", "Ratios marked “about” are rounded to two decimals. The differences themselves are not rounded."))
	}
	if len(b.masked) > 0 {
		said = append(said, b.s("パスワードや認証コードなどと読める箇所は伏せた。", "What reads like a password, code or key was masked."))
	}
	said = append(said, b.copies(b.exhibits)...)
	l := typeset.List{}
	for _, s := range said {
		l.Items = append(l.Items, typeset.Text(s))
	}
	return append(out, l)
}

// clock says by what clock the records were dated (recipients.md, rule 3).
func (b *builder) clock() string {
	var in, out, silent int
	used(b.in, func(r *locker.Record) {
		switch {
		case r.Clock.Synchronised == nil:
			silent++
		case *r.Clock.Synchronised:
			in++
		default:
			out++
		}
	})
	return fmt.Sprintf(b.s(
		"どの日時にも、記録されたときの時差（UTC との差）を付け、節の中では UTC も併記した。できごとの日時は本人が入力したものである。記録日時は機器の時計による。記録%d件のうち、機器が時刻同期済みとしたもの%d件、同期していないとしたもの%d件、不明%d件。",
		"Every time is given with the offset from UTC that it was recorded with, and in the sections in UTC too. Times of events were entered by the person. Times of recording are those of the device's clock: of %d records the device called its clock synchronised for %d, not synchronised for %d, and did not say for %d."),
		in+out+silent, in, out, silent)
}

// tools names the programs that wrote the records.
func (b *builder) tools() string {
	var names []string
	used(b.in, func(r *locker.Record) {
		if s := typeset.Printable(toolName(r)); s != "" && !slices.Contains(names, s) {
			names = append(names, s)
		}
	})
	slices.Sort(names)
	if len(names) == 0 {
		return b.notRecorded()
	}
	return strings.Join(names, ", ")
}
