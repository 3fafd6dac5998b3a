"""Chapter 1, data collection: from queries to an aligned, de-duplicated corpus."""
