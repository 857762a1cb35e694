package locker

// Seams that are open to tests only.
var (
	SchemaSQL    = schemaSQL
	ReadSchema   = readSchema
	SchemaDigest = schemaDigest
	OpenDB       = openDB
)

// SetPageSize changes the page size of vaults that are made from now on.
func SetPageSize(n int) { pageSize = n }
