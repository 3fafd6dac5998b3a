"""Results as rows of one tidy table, and how a page shows them."""
