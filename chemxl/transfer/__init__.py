"""Chapter 5: transfer between corpora, zero-shot and with few labelled sentences."""
