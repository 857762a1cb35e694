package report

import "evidence-locker/report/typeset"

// ic3 makes what is pasted into the form of the FBI's IC3: the transactions
// first, each as one whole block, then the sections of the form in their order
// (recipients.md 4.1). It names no offence.
func (b *builder) ic3() {
	b.title = b.s("FBI IC3 への申告資料", "Material for a report to the FBI (IC3)")
	b.add(typeset.Heading{Level: 1, Text: b.title, ID: "top"},
		typeset.Paragraph{Size: 8.5, Spans: typeset.Text(b.s(
			"ic3.gov の入力欄に写して用いる資料で、申告そのものではない。添付は受け付けられないため、原本は手元に保管する。欄の正確な名前と文字数の上限は確認できていない。",
			"To be copied into the boxes on ic3.gov; not the report itself. IC3 keeps no attachments: paste the text and keep the originals. The exact names of the boxes and their length limits could not be confirmed."))})
	b.add(b.damageNote()...)

	transfers := b.transactions()
	b.section("transfers", b.s("金銭の動き", "Financial transactions"), append(transfers, b.part("loss")...))
	b.section("bank", b.s("銀行での入出金", "Bank transfers"), b.items("bank", b.s("銀行", "Bank"), "amount", "at"))
	b.section("victim", b.s("被害者", "Victim information"), b.part("victim"))
	b.section("circumstances", b.s("経緯", "Description of the incident"), append(b.part("incident"), b.circumstances()...))
	b.section("used", b.s("使われたもの", "What was used"), b.part("used"))
	b.section("actors", b.s("相手方", "The other side"), b.items("actor", b.s("相手方", "Party")))
	b.section("reported", b.s("そのほかの情報", "Other information"), b.part("other"))
	b.optional("filer", b.s("申告する人", "Who filed this"), b.part("filer"))
	b.section("timeline", b.s("時系列", "Timeline"), b.timeline())
	b.section("losses", b.lossesTitle(), b.losses())
	b.record()
	b.ending()
}

// record are the sections that stand behind a report to the police of other
// countries.
func (b *builder) record() {
	b.section("orders", b.s("注文", "Orders"), b.orders())
	b.section("attempts", b.s("試みた操作", "Attempts"), b.attempts())
	b.section("accounts", b.s("利用していた口座", "Accounts used"), b.items("account", b.s("口座", "Account"), "exchange"))
	b.section("errors", b.errorsTitle(), b.errorText())
	b.section("other", b.s("そのほかの事実", "Other facts"), b.otherFacts())
	b.section("actions", b.s("した対応", "Steps taken"), b.lines("action", b.s("したこと", "Step"), "step", "text", "result"))
	b.section("contacts", b.s("やり取り", "Talks so far"), b.items("contact", b.s("やり取り", "Talk"), "with", "at"))
	b.section("notes", b.s("メモ", "Notes"), b.lines("note", b.s("内容", "Text"), "text"))
	b.section("opinion", b.s("意見・推測", "Opinion"), b.opinions())
}

// ending is the list of exhibits and hashes, what the document is worth, and
// last the exhibits themselves (recipients.md, rule 13).
func (b *builder) ending() {
	b.section("list", b.s("資料目録", "List of exhibits"), b.exhibitList())
	b.section("hashes", b.s("ハッシュ値の一覧", "List of hashes"), b.hashList())
	b.tail()
	if len(b.exhibits) > 0 {
		b.add(typeset.PageBreak{})
	}
	b.section("exhibits", b.s("資料", "Exhibits"), b.exhibitPages())
}
