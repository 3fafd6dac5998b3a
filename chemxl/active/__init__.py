"""Active learning: which texts to annotate next, and the exchange of them with a person (chapter 2)."""
