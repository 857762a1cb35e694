package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"evidence-locker/crypto"
	"evidence-locker/locker"
	"evidence-locker/locker/claims"
	"evidence-locker/locker/durable"
	"evidence-locker/locker/record"
	"evidence-locker/report"

	"github.com/urfave/cli/v2"
)

func newDemoCommand(e *env) *cli.Command {
	return &cli.Command{
		Name:  "demo",
		Flags: []cli.Flag{&cli.StringFlag{Name: "dir", Usage: "DIR"}},
		Action: func(c *cli.Context) error {
			if c.NArg() > 0 {
				return tooMany("demo", c.Args().Slice())
			}
			// The made-up exchange is a Japanese one, and so are its documents
			// unless English was asked for.
			o := demoOptions{dir: c.String("dir"), lang: "ja"}
			if e.global("lang", "LOCKER_LANG") == "en" {
				o.lang = "en"
			}
			return runDemo(c.Context, e, o)
		},
	}
}

type demoOptions struct {
	dir  string // "" makes a new folder in the folder for temporary files
	lang string // of the documents
}

// demoPassphrase protects nothing: the vault holds made-up records only.
const demoPassphrase = "this is only a demo"

// runDemo makes a throw-away vault with a made-up incident, and its reports.
// The person's own vault and settings are not touched.
func runDemo(ctx context.Context, e *env, o demoOptions) error {
	dir, err := demoFolder(o.dir)
	if err != nil {
		return err
	}
	d := &demo{e: e, dir: dir, lang: o.lang}
	update, end := e.ui.steps("progress.demo")
	err = d.make(ctx, func(step int) { update(int64(step), 5) })
	end()
	if err != nil {
		return err
	}
	if e.ui.asJSON {
		return e.ui.printJSON(map[string]any{"dir": dir, "vault": d.path("vault.locker"), "passphrase": demoPassphrase, "reports": d.reports})
	}
	e.ui.say("demo.made", d.path("vault.locker"))
	e.ui.say("demo.passphrase", demoPassphrase)
	for _, r := range d.reports {
		e.ui.say("demo.report", e.ui.recipientName(r.For), string(r.Parts[0].Path))
	}
	e.ui.say("demo.screens", d.path("screens"))
	e.ui.say("demo.next")
	with := append(slices.Clone(e.program), "--vault", d.path("vault.locker"), "--passphrase-file", d.path("passphrase.txt"))
	for _, command := range [][]string{{"list"}, {"show"}, {"report", "--list"}, {"verify"}} {
		e.ui.say("demo.command", quoteLine(append(with[:len(with):len(with)], command...)))
	}
	e.ui.say("demo.remove", dir)
	return nil
}

// demoFolder makes the folder of the demo: it must not hold anything yet.
func demoFolder(asked string) (string, error) {
	if asked == "" {
		dir, err := os.MkdirTemp("", "locker-demo-")
		if err != nil {
			return "", &failure{key: "err.making-folder", args: []any{os.TempDir(), err}}
		}
		return dir, nil
	}
	dir, err := filepath.Abs(asked)
	if err == nil {
		err = os.MkdirAll(dir, 0o700)
	}
	if err != nil {
		return "", &failure{key: "err.making-folder", args: []any{asked, err}}
	}
	held, err := os.ReadDir(dir)
	if err != nil {
		return "", &failure{key: "err.making-folder", args: []any{asked, err}}
	}
	if len(held) > 0 {
		return "", &failure{key: "err.demo-folder", args: []any{asked}}
	}
	return dir, nil
}

// A demo is one run.
type demo struct {
	e       *env
	dir     string
	lang    string
	reports []jsonReport
}

func (d *demo) path(name string) string { return filepath.Join(d.dir, name) }

func (d *demo) text(ja, en string) record.Text {
	if d.lang == "ja" {
		return record.Text(ja)
	}
	return record.Text(en)
}

// make does the work; step counts what is done.
func (d *demo) make(ctx context.Context, step func(int)) error {
	step(0)
	screens, err := d.screens()
	if err != nil {
		return err
	}
	step(1)
	o := d.e.optionsIn(d.path("config"))
	o.Now = demoClock()
	o.Device.Host = "demo"
	v, err := locker.Create(ctx, d.path("vault.locker"), demoPassphrase, o)
	if err != nil {
		return &vaultError{err}
	}
	defer v.Close()
	if err := d.write("passphrase.txt", []byte(demoPassphrase+"\n")); err != nil {
		return err
	}
	step(2)
	if err := d.record(ctx, v, screens); err != nil {
		return err
	}
	step(3)
	k, err := v.Unlock(ctx, demoPassphrase)
	if err != nil {
		return err
	}
	number, err := v.Current(ctx)
	if err != nil {
		return err
	}
	in, err := v.Incident(ctx, k, number.Number)
	if err != nil {
		return err
	}
	for i, recipient := range []string{"support", "police"} {
		if err := d.report(ctx, v, k, in, recipient); err != nil {
			return err
		}
		step(4 + i)
	}
	return nil
}

// screens draws the screenshots and leaves them in the folder too, with a mail,
// as they would lie on the person's desktop.
func (d *demo) screens() ([]locker.File, error) {
	list := demoScreens()
	pngs, err := drawDemoScreens(list)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(d.path("screens"), 0o700); err != nil {
		return nil, &failure{key: "err.making-folder", args: []any{d.path("screens"), err}}
	}
	var files []locker.File
	add := func(name string, content []byte, fields record.Fields) error {
		taken, _ := fields["at"].(record.Time)
		files = append(files, locker.File{
			Name: name, Size: int64(len(content)), Modified: taken.At, Fields: fields,
			Open: func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil },
		})
		return d.write(filepath.Join("screens", name), content)
	}
	captions := demoCaptions(d.text)
	for i, s := range list {
		if err := add(s.file, pngs[i], captions[i]); err != nil {
			return nil, err
		}
	}
	name, mail, fields := demoMail(d.text)
	return files, add(name, []byte(mail), fields)
}

// record adds the person and the incident as `add` would.
func (d *demo) record(ctx context.Context, v *locker.Vault, screens []locker.File) error {
	recorded := func(locker.Recorded) {} // the reports show it all
	if err := v.Add(ctx, locker.AddRequest{Facts: demoPerson(d.text), Recorded: recorded}); err != nil {
		return err
	}
	var failed []error
	err := v.Add(ctx, locker.AddRequest{
		Target: locker.Target{New: true}, Facts: demoFacts(d.text), Files: screens, Recorded: recorded, Describe: claims.Of,
		Failed: func(_ locker.File, err error) { failed = append(failed, err) },
	})
	return errors.Join(append(failed, err)...)
}

// report writes a report and records that it was made.
func (d *demo) report(ctx context.Context, v *locker.Vault, k *crypto.Key, in *locker.Incident, recipient string) error {
	r, head, err := d.e.buildReport(ctx, v, k, in, report.Options{For: recipient, Lang: d.lang})
	if err != nil {
		return err
	}
	var pdf bytes.Buffer
	if err := r.WritePDF(ctx, &pdf, report.PDFOptions{
		MaxSize: report.DefaultMaxSize(recipient),
		Content: func(x *locker.Exhibit) (io.ReadCloser, error) { return v.Content(ctx, k, x) },
	}); err != nil {
		return err
	}
	name := "demo-" + recipient + "-" + d.lang + ".pdf"
	if err := d.write(name, pdf.Bytes()); err != nil {
		return err
	}
	digest := sha256.Sum256(pdf.Bytes())
	made := jsonReport{Incident: in.Number, For: recipient, Format: "pdf", Lang: d.lang,
		Parts: []jsonPart{{jsonText(d.path(name)), int64(pdf.Len()), hex.EncodeToString(digest[:])}}}
	made.describe(r.Missing(), r.Warnings(), r.Unreadable())
	d.reports = append(d.reports, made)
	_, err = v.AppendCustody(ctx, in.Number, made.custody(0, head))
	return err
}

func (d *demo) write(name string, data []byte) error {
	if err := durable.WriteFile(d.path(name), data, false); err != nil {
		return &failure{key: "err.writing", args: []any{d.path(name), err}}
	}
	return nil
}

// demoClock is a clock on the morning after the made-up incident, so that the
// demo is the same whenever it is run.
func demoClock() func() locker.Stamp {
	now, yes := demoTime(8, 0, 0), true
	return func() locker.Stamp {
		now = now.Add(7 * time.Second)
		return locker.Stamp{At: now, Zone: "Asia/Tokyo", Synchronised: &yes}
	}
}
