package report

import "evidence-locker/report/typeset"

// mica makes a complaint to a crypto-asset service provider in the EU, in the
// order of the template of Delegated Regulation (EU) 2025/294. The template asks
// for the address, so it is always there. Sections of our own carry letters.
func (b *builder) mica() {
	b.title = b.s("暗号資産サービス事業者への苦情（EU）", "Complaint to a crypto-asset service provider")
	b.add(typeset.Heading{Level: 1, Text: b.title, ID: "top"},
		typeset.Paragraph{Size: 8.5, Spans: typeset.Text(b.s(
			"委員会委任規則（EU）2025/294 の附属書の様式にある項目の順に書いた。保管庫に欄がない項目は、必要なら手で書き入れる。",
			"In the order of the template in the annex of Commission Delegated Regulation (EU) 2025/294. What the vault has no field for is to be filled in by hand where the provider wants it."))})
	b.add(b.damageNote()...)
	for _, p := range []struct{ id, part, title string }{
		{"template-1", "1-2", b.s("1. 申立人、2. 代理人", "1. Complainant; 2. Legal representative")},
		{"template-3", "3", b.s("3. 苦情の内容", "3. Information about the complaint")},
	} {
		b.add(typeset.Heading{Level: 2, Text: p.title, ID: p.id})
		b.add(b.part(p.part)...)
	}
	b.add(typeset.Note{Title: b.s("3.d より後の項目は確認できていない", "What follows 3.d could not be confirmed"), Spans: typeset.Text(b.s(
		"項目 1.a〜3.d は官報ではなく、保存された写し（nomox.eu、frontnode.com）から採った。3.d より後に何があるかは確かめられなかった。提出の前に、事業者自身の様式と見比べること。同規則の前文（3）の写し（lexaris.ch）によれば、様式を用いていないことだけを理由に苦情を退けるべきではない。",
		"The fields 1.a to 3.d were taken from stored copies (nomox.eu, frontnode.com), not from the Official Journal. What stands behind 3.d could not be found: compare with the provider's own form before sending. By recital 3 of the Regulation (a copy at lexaris.ch), not having used the template should not by itself be a reason to reject a complaint."))})
	b.section("beside", b.s("様式のほかに", "Beside the template"), b.part("beside"))

	b.section("transfers", b.s("送金", "Transfers"), b.items("transfer", b.s("送金", "Transfer"), "amount", "network", "txid", "to", "at"))
	b.section("losses", b.lossesTitle(), b.losses())
	b.section("circumstances", b.circumstancesTitle(), b.circumstances())
	b.section("timeline", b.s("時系列", "Timeline"), b.timeline())
	b.section("bank", b.s("銀行での入出金", "Bank transfers"), b.items("bank", b.s("銀行", "Bank")))
	b.section("actors", b.s("相手方", "The other side"), b.items("actor", b.s("相手方", "Party")))
	b.record()
	b.ending()
}
