package record

import (
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"
)

// originPrefix stands before the vault id in a checkpoint's first line.
const originPrefix = "evidence-locker/"

// Origin returns the checkpoint origin of a vault, which is also the name of
// its keys.
func Origin(vault string) string { return originPrefix + vault }

// A Checkpoint is a tree head as it is signed: the text of a C2SP
// tlog-checkpoint with one extension line.
type Checkpoint struct {
	Vault string   // 32 hex digits
	Size  int64    // leaves in the tree
	Root  [32]byte // RFC 6962 root hash
	From  int64    // the size that the signer extended; it vouches for the leaves from here on
}

// Marshal returns the checkpoint's one form, four lines.
func (c Checkpoint) Marshal() string {
	return fmt.Sprintf("%s\n%d\n%s\nfrom %d\n", Origin(c.Vault), c.Size, base64.StdEncoding.EncodeToString(c.Root[:]), c.From)
}

// ParseCheckpoint reads what Marshal writes and no other text.
func ParseCheckpoint(s string) (Checkpoint, error) {
	lines := strings.Split(s, "\n")
	bad := fmt.Errorf("%w: checkpoint", ErrMalformed)
	if len(lines) != 5 {
		return Checkpoint{}, bad
	}
	vault, ok1 := strings.CutPrefix(lines[0], originPrefix)
	size, err2 := strconv.ParseInt(lines[1], 10, 64)
	root, err3 := base64.StdEncoding.DecodeString(lines[2])
	text, ok4 := strings.CutPrefix(lines[3], "from ")
	from, err4 := strconv.ParseInt(text, 10, 64)
	if !ok1 || !ok4 || !isHex(vault, 16) || err2 != nil || err3 != nil || err4 != nil || len(root) != 32 || from < 0 || from >= size {
		return Checkpoint{}, bad
	}
	c := Checkpoint{Vault: vault, Size: size, Root: [32]byte(root), From: from}
	if c.Marshal() != s {
		return Checkpoint{}, bad
	}
	return c, nil
}
