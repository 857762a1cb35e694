package main

import (
	_ "embed"
	"os"
	"path/filepath"
	"strings"

	"evidence-locker/locker"
	"evidence-locker/locker/durable"
)

// readmeText lies beside every backup: whoever finds the stick again in ten
// years has nothing else.
//
//go:embed backup_readme.txt
var readmeText string

// readme puts the text beside the backup, if nothing of that name is there. A
// backup without it is still one.
func (b *backup) readme() {
	name := filepath.Base(b.path)
	path := filepath.Join(filepath.Dir(b.path), strings.TrimSuffix(locker.BackupName(b.v.ID()), locker.Suffix)+"-README.txt")
	if exists(path) {
		return
	}
	text := strings.NewReplacer("{NAME}", quoteWord(name), "{VERSION}", version, "{VAULT}", b.v.ID()).Replace(readmeText)
	f, err := durable.New(path)
	if err == nil {
		defer f.Discard()
		if _, err = f.WriteString(text); err == nil {
			err = f.Create()
		}
	}
	switch {
	case err == nil:
		b.beside = path
	case !os.IsExist(err):
		b.e.ui.warning("backup.no-readme", path, err)
	}
}

// withdrawReadme removes the text again if there is no backup for it to be
// about.
func (b *backup) withdrawReadme() {
	if b.beside != "" && !exists(b.path) {
		os.Remove(b.beside)
	}
}
