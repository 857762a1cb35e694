package crypto

import (
	"fmt"
	"io"

	"filippo.io/age"
)

// Encrypt returns a writer whose plaintext arrives at dst as an age file. The
// file is complete only once Close has returned nil.
func Encrypt(dst io.Writer, r Recipient) (io.WriteCloser, error) {
	w, err := age.Encrypt(dst, r.r)
	if err != nil {
		return nil, fmt.Errorf("encrypting: %w", err)
	}
	return w, nil
}

// Decrypt returns a reader of an age file's plaintext. Each 64 KiB are
// authenticated before they are given out, the end of the file last: a reader
// that did not reach io.EOF has seen a prefix that may be all there is of it.
func Decrypt(src io.Reader, k *Key) (io.Reader, error) {
	r, err := age.Decrypt(src, k.id)
	if err != nil {
		return nil, fmt.Errorf("decrypting: %w", err)
	}
	return r, nil
}
