"""Official files in: one reader per layout, an append-only archive of vintages, and the bundled table."""
