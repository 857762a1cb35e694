package report

import "evidence-locker/report/typeset"

// policeGeneric makes a report to the police of a country that this program has
// no form of (recipients.md 4.3 and 4.2): who and what on the first page, each
// transaction whole, then the narrative. It names no offence.
func (b *builder) policeGeneric() {
	b.title = b.s("警察への届出資料（国外用）", "Incident report for the police")
	b.add(typeset.Heading{Level: 1, Text: b.title, ID: "top"},
		typeset.Paragraph{Size: 8.5, Spans: typeset.Text(b.s(
			"届け出の際に渡す資料で、どの国の定めた書式でもない。", "Material to hand over with a report; not an official form of any country."))})
	b.add(b.damageNote()...)
	b.add(b.part("summary")...)
	b.section("identity", b.s("届け出る人", "Who reports this"), b.part("identity"))
	b.add(typeset.PageBreak{}) // the first sheet is the summary
	b.section("transfers", b.s("送金", "Transfers"), b.transactions())
	b.section("bank", b.s("銀行での入出金", "Bank transfers"), b.items("bank", b.s("銀行", "Bank"), "amount", "at"))
	b.section("losses", b.lossesTitle(), b.losses())
	b.section("actors", b.s("相手方", "The other side"), b.items("actor", b.s("相手方", "Party")))
	b.section("circumstances", b.circumstancesTitle(), b.circumstances())
	b.section("timeline", b.s("時系列", "Timeline"), b.timeline())
	b.record()
	b.section("list", b.s("資料目録", "List of exhibits"), b.exhibitList())
	b.section("hashes", b.s("ハッシュ値の一覧", "List of hashes"), b.hashList())
	b.tail()
	b.add(typeset.Space(6), typeset.Signature{Labels: []string{b.s("日付", "Date"), b.s("署名", "Signature")}})
	if len(b.exhibits) > 0 {
		b.add(typeset.PageBreak{})
	}
	b.section("exhibits", b.s("資料", "Exhibits"), b.exhibitPages())
}
