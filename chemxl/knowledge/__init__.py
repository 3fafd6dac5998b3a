"""Chapter 7: what a bilingual knowledge base teaches an encoder, in the place of parallel text."""
