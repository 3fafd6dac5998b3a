"""Cross-lingual chemical and biomedical text mining: the code behind the book."""
