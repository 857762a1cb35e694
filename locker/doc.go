/*
Package locker keeps records of incidents in an append-only, encrypted file.

# Promises

Adding needs no secret. Nothing recorded is changed or removed. A record that
was reported as recorded survives a kill of the process and a power cut. What
was taken in comes out bit for bit. Whoever has the file without the passphrase
sees sizes, counts, incident numbers and rough times; whoever changes it is
noticed by Verify, within the limits at the end of this comment.

# Format, version 1

A vault is one SQLite 3 database. The header holds application_id 0x45564c4b
("EVLK") and user_version 1. Tables, columns and their units are in schema.sql,
whose statements are part of the format: the rows of sqlite_schema, as type,
name, tbl_name and sql, are compared on opening. A greater user_version is a
newer format and not touched.

Beside the vault lie <vault>-lock and <vault>-stage, which only carry locks,
and <vault>-journal, SQLite's own. Files that are not whole yet stand beside the
place they are made for: <vault>.new-<8 hex digits>, a new vault; <backup>.part,
a backup without a record; <vault>.restoring, a vault on its way out of a backup
(and <vault>.restoring.part); <vault>.mending, one on its way out of two files;
<vault>-stream, a backup that goes to a pipe. What a kill leaves of them holds
nothing in the clear. The file that a repair replaced is kept: vault.locker as
vault.damaged.locker, or vault.damaged-2.locker where that stands, and so on.

Hashes are SHA-256. In text they are "sha256:" and 64 lower-case hex digits.
Ids are 16 random bytes, as 32 lower-case hex digits. In the following,
vault-id is the vault's.

# Key

The vault has one age hybrid identity (AGE-SECRET-KEY-PQ-1..., ML-KEM-768 with
X25519) and its recipient (age1pq1...). Table key has one row: n is 1,
recipient is the recipient's text, sealed is an age file under a passphrase
(scrypt) whose plaintext is the identity's text and a newline. Table key_copy
has the same row. A row is believed if the newest leaf with a line "key 1" names
it; key lines and rows of another number are a newer program's. Changing the
passphrase replaces both rows and appends a record of type key in the same
transaction.

The owner key is an Ed25519 key (RFC 8032) whose seed is HKDF-SHA-256
(RFC 5869) with the identity's text as input, no salt, info
"evidence-locker/owner/v1", 32 bytes.

# Leaves

Every row of table record has a leaf: the text that the tree commits to. Lines
end with a newline, words are separated by one space, numbers are decimal
without leading zeros. Leaf 0, the genesis, has six lines besides the first:

	evidence-locker/genesis/v1
	seq 0
	vault <vault-id>
	created <time>
	key 1 <hash of the recipient's text> <hash of the sealed identity>
	owner <verifier key of the owner key>
	device <verifier key of the device that made the vault>

Verifier keys are those of C2SP signed-note, with the name
evidence-locker/<vault-id>. Every other leaf is

	evidence-locker/record/v1
	seq <the row's seq>
	incident <number; 0 for none>
	sealed <hash of the row's sealed>
	opened <hash of the record's bytes, padding included>
	object <id> <bytes of the age file> <hash of the age file>
	key 1 <hash of the recipient's text> <hash of the sealed identity>
	device <verifier key>

with any number of object lines, in the order of the record's objects and with
their ids, a key line only where the identity was sealed anew, and a device line
only where a further device key is enrolled. Further lines after these begin
with another lower-case word and are a newer program's. A leaf whose first line
ends in a greater version is newer as a whole. No leaf has more than 1 MiB.

# Records

Column sealed of record is an age file to the recipient (in row 0 it is empty).
Its plaintext is JSON in the form of RFC 8785, narrowed: numbers are integers
of less than 2^53, keys match [a-z][a-z0-9_]*, at most 8 objects and arrays
stand within each other. Spaces follow up to the next multiple of 512 bytes, and
all of it has at most 16 MiB. A record whose v is greater than 1 is a newer
program's; with v 1, a member that is not listed here is damage. Members:

	v            1
	vault        vault-id
	id           id of the record, which others refer to
	seq          the row's seq
	salt         32 random bytes in hex; without it, opened could be guessed at
	type         see below
	incident     number; 0 for none
	incident_id  id of the incident; absent with incident 0
	recorded_at  time
	clock        {"synchronised":bool,"zone":IANA name}, each absent if not known
	device       {"arch","host","os"}, as Go names them; host is a text
	tool         {"name","version"}
	objects      [{"id","sha256":hex,"size":bytes}] of the plaintext; absent if none
	body         the fields

A time is RFC 3339 with a numeric offset, never Z. recorded_at, and created in
the genesis, have three digits of a second; others have up to nine, without
trailing zeros, or none. Incident numbers begin with 1 and have no gaps. One
incident can have more than one incident_id: the ids are known only to the file
that made them, not to its backups. The number is what joins records.

A field's value has one of these forms:

	text     a string, or {"b64":base64} if the bytes are not UTF-8
	list     an array of texts
	time     {"at":time,"raw":as typed}; raw is absent if nothing was typed
	amount   {"asset":text,"quantity":decimal text,"raw":as it came in};
	         only raw if it could not be read
	number   an integer
	name     {"name":text,"os":system}, a file name as its system gave it

Types and their fields stand in package record. A type, field or form that is
not among them is a newer program's and no damage. A record of type retract
withdraws the record of the same incident whose id it names; both stay. A
record of type custody is no fact about the incident. A record of type device
enrols the key that its leaf names.

# Files

A file is an object: an age file to the recipient, cut into rows of chunk of
1 MiB (the last one may be shorter), numbered from 0. Its row in object says which
record owns it. Chunks without a row in object are staged: their file was not
recorded, or is being recorded.

# Tree

Leaves are hashed as RFC 6962 does. Table node holds the hashes of complete
subtrees, numbered as golang.org/x/mod/sumdb/tlog numbers stored hashes; they
follow from the leaves and can be made anew.

Table head holds, for each transaction that added records, a C2SP
tlog-checkpoint as a signed note:

	evidence-locker/<vault-id>
	<number of leaves>
	<root hash, base64>
	from <number of leaves before the transaction>

	— evidence-locker/<vault-id> <signature by a device key>

A head vouches for the leaves from its from line on, if a device key signed it
that counts: the one in the genesis, and those that are enrolled. A key is
enrolled, for heads of any size, by a record whose leaf names it in a device
line, if a head that ends with this leaf (its size is seq + 1) is also signed by
the owner key. So is the head of size 1: nobody without the passphrase can name
the first device, or a further one. Several heads may have one size. Table token
holds time-stamps over heads; which head one is over is told by the digest in
it.

# Local

Table local is outside the tree: what commands must know without the
passphrase. A row's sum is the first 16 hex digits of the SHA-256 of name,
newline and value; a row whose sum is wrong counts as absent. The sum shows
damage, not forgery: whoever writes to the file can steer where records without
a number go, and each of them says where it went. Names in use:

	current         "<incident> <UTC hour>": where records go if nobody says
	copy            in a backup: its id, another one whenever it is extended; absent
	                once something else was added to it
	checked:<copy>  how many records of that backup were compared with what its
	                disk gives back
	incident:<n>    id of incident n
	stage:<object>  UTC hour in which an object's staging began
	backup          "<records> <UTC hour>": what the last backup holds, and when
	                it began
	unsaved         UTC hour of the first record that no backup holds, those of
	                type custody, key and device aside
	drill           UTC hour of the last restore, practised or real

An hour is spelled 2006-01-02T15Z.

# This machine

The config folder, outside the vault and never in a backup, holds files of mode
0600. device-<vault-id> is three lines: the text
"evidence-locker/device/v1", the signer key (C2SP signed-note, Ed25519), and
"recipient <recipient>", the one that was there when the file was made.
head-<vault-id> is the newest head that this machine wrote, as an unsigned
checkpoint. It is written without waiting for the disk and may lag.
place-<first 32 hex digits of the SHA-256 of the vault's absolute path> is the
id of the vault that stood there first, and a newline. home-<vault-id> is the
absolute path of the vault that the pinned head is of; a copy elsewhere does not
move the pin.

# Backup

A backup is a vault file with the first records of the vault: its rows of
record, object, chunk, head and token, the hashes made anew, the newest sealed
key, and a table local of its own. It is extended in transactions that each end
where the vault has a head, and not between two key lines. Chunks of files that
are larger than a transaction go ahead as staged ones. A backup that has no
record yet stands under its name with ".part".

A restored vault is a copy of a backup that goes on: with a device key of this
machine, enrolled, and a record of custody that names the head it began with. One
that was salvaged, or mended, has the rows that could be read, as they were, and
the hashes made anew; a mended one takes each row from the file where it is what
the leaves and signed heads commit to.

Every file begins with the same schema, so that where its tables begin follows
from its page size alone, unless tables were made anew since. A file whose first
pages are damaged is read with those of a new one.

# What can be noticed, and by whom

Somebody who has the file but no key of it cannot read it. If they cut, replace,
reorder or add records, the leaves no longer lead to the heads, or no device
key that counts has signed. If they put an older copy back, or another recipient,
it differs from what this machine has pinned. Somebody who also has a device key,
or the passphrase, can append, and can rewrite what no other machine and no paper
has seen a head of.
A log on one's own disk cannot show more; that is what printed heads and
time-stamps are for.
*/
package locker
